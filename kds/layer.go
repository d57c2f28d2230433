package kds

import (
	"net/http/httptrace"
	"sync/atomic"
)

// The layers of FetchError.
const (
	layerDNS   = "dns"
	layerTCP   = "tcp"
	layerTLS   = "tls"
	layerHTTP  = "http"
	layerSize  = "size"
	layerCache = "cache"
)

// layer is how far an attempt has come. The transport connects on goroutines of
// its own, hence the atomic.
type layer struct{ current atomic.Pointer[string] }

func (l *layer) set(name string) { l.current.Store(&name) }

func (l *layer) name() string {
	if name := l.current.Load(); name != nil {
		return *name
	}
	return layerTCP
}

func (l *layer) trace() *httptrace.ClientTrace {
	return &httptrace.ClientTrace{
		DNSStart:          func(httptrace.DNSStartInfo) { l.set(layerDNS) },
		ConnectStart:      func(string, string) { l.set(layerTCP) },
		TLSHandshakeStart: func() { l.set(layerTLS) },
		GotConn:           func(httptrace.GotConnInfo) { l.set(layerHTTP) },
	}
}
