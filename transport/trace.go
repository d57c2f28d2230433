package transport

import (
	"net"
	"net/http/httptrace"
	"time"
)

// info is what a caller's httptrace is told of the connection.
func (g grant) info() httptrace.GotConnInfo {
	w := g.c.gate.wire
	return httptrace.GotConnInfo{
		Conn: addressed{w.Conn.LocalAddr(), w.Conn.RemoteAddr()}, Reused: g.reused, WasIdle: g.idle > 0, IdleTime: g.idle,
	}
}

// An addressed is what a caller sees of an attested connection: its addresses.
// Nothing can be read from it or written to it.
type addressed struct{ local, remote net.Addr }

func (a addressed) LocalAddr() net.Addr            { return a.local }
func (a addressed) RemoteAddr() net.Addr           { return a.remote }
func (addressed) Read([]byte) (int, error)         { return 0, net.ErrClosed }
func (addressed) Write([]byte) (int, error)        { return 0, net.ErrClosed }
func (addressed) Close() error                     { return net.ErrClosed }
func (addressed) SetDeadline(time.Time) error      { return net.ErrClosed }
func (addressed) SetReadDeadline(time.Time) error  { return net.ErrClosed }
func (addressed) SetWriteDeadline(time.Time) error { return net.ErrClosed }
