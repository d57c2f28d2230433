package proxy

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"

	"github.com/tresorhq/attest/internal/printable"
)

// SocketPath returns the path of an address unix:PATH.
func SocketPath(address string) (path string, ok bool) { return strings.CutPrefix(address, "unix:") }

// listenAt listens at HOST:PORT or unix:PATH. Any program that can connect can use the
// endpoint in the name of the program that was meant, so without remote the address is one
// of loopback.
// Rules: PRX-01.
func listenAt(address string, remote bool) (net.Listener, error) {
	if path, ok := SocketPath(address); ok {
		return listenSocket(path)
	}
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	if ip := net.ParseIP(host); !remote && !strings.EqualFold(host, "localhost") && (ip == nil || !ip.IsLoopback()) {
		return nil, fmt.Errorf("%q is no loopback address: others could reach it; --allow-remote lets them", printable.Short(address))
	}
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return nil, err
	}
	if to, ok := listener.Addr().(*net.TCPAddr); !remote && (!ok || !to.IP.IsLoopback()) { // "localhost" can be anything
		listener.Close()
		return nil, fmt.Errorf("%q is no loopback address: %v", printable.Short(address), listener.Addr())
	}
	return listener, nil
}

// listenSocket listens at a socket that only the user of this process can connect to. It
// is made in a folder that is closed to others and then moved, so that it never stands
// open. A socket that is left over from a process that has ended is replaced.
// Rules: PRX-56.
func listenSocket(path string) (net.Listener, error) {
	if path == "" {
		return nil, errors.New("unix: without a path")
	}
	if err := replaceable(path); err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp(filepath.Dir(path), ".t")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	made := filepath.Join(dir, "s")
	listener, err := net.ListenUnix("unix", &net.UnixAddr{Name: made, Net: "unix"})
	if err != nil {
		return nil, err
	}
	listener.SetUnlinkOnClose(false)
	err = os.Chmod(made, 0o600)
	if err == nil {
		err = os.Rename(made, path)
	}
	own, statErr := os.Lstat(path)
	if err = errors.Join(err, statErr); err != nil {
		listener.Close()
		return nil, err
	}
	return &socket{Listener: listener, path: path, own: own}, nil
}

// replaceable refuses a path at which there is something else than a socket that no
// process listens on.
func replaceable(path string) error {
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case info.Mode().Type() != fs.ModeSocket:
		return fmt.Errorf("%s is there, and is no socket", path)
	}
	c, err := net.Dial("unix", path)
	switch {
	case err == nil:
		c.Close()
		return fmt.Errorf("another process listens on %s", path)
	case errors.Is(err, syscall.ECONNREFUSED):
		return nil
	}
	return err
}

// A socket removes its path when it is closed, unless another one stands there now.
type socket struct {
	net.Listener
	path string
	own  fs.FileInfo
}

func (s *socket) Close() error {
	err := s.Listener.Close()
	if there, statErr := os.Lstat(s.path); statErr == nil && os.SameFile(there, s.own) {
		os.Remove(s.path)
	}
	return err
}

// shown is an address as the log and a client have it.
func shown(listen string, at net.Addr) string {
	if path, ok := SocketPath(listen); ok {
		return "unix:" + path
	}
	return at.String()
}

// limited accepts at most so many connections at a time; further ones wait to be
// accepted.
// Rules: PRX-15.
func limited(l net.Listener, most int) net.Listener {
	return &limitedListener{Listener: l, places: make(chan struct{}, most), closed: make(chan struct{})}
}

type limitedListener struct {
	net.Listener
	places chan struct{}
	once   sync.Once
	closed chan struct{}
}

func (l *limitedListener) Accept() (net.Conn, error) {
	select {
	case l.places <- struct{}{}:
	case <-l.closed:
		return nil, net.ErrClosed
	}
	c, err := l.Listener.Accept()
	if err != nil {
		<-l.places
		return nil, err
	}
	return &limitedConn{Conn: c, leave: sync.OnceFunc(func() { <-l.places })}, nil
}

func (l *limitedListener) Close() error {
	l.once.Do(func() { close(l.closed) })
	return l.Listener.Close()
}

type limitedConn struct {
	net.Conn
	leave func()
}

func (c *limitedConn) Close() error {
	defer c.leave()
	return c.Conn.Close()
}

// CloseWrite is what net/http does before it closes a connection whose client still sends.
func (c *limitedConn) CloseWrite() error {
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return errors.ErrUnsupported
}
