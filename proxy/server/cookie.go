package server

import (
	"encoding/binary"
	"fmt"
	"net/netip"

	"github.com/cespare/xxhash/v2"
)

// Cookie returns the value that stands for the server in persistence cookies:
// that of its line, or the dynamic one; "" for none.
func (s *Server) Cookie() string {
	if s == nil || s.Params == nil {
		return ""
	}
	if s.Params.Cookie == "" {
		if c := s.cookie.Load(); c != nil {
			return *c
		}
	}
	return s.Params.Cookie
}

// bake makes the server's dynamic cookie anew: a hash of the backend's key,
// the address and the port (configuration manual, dynamic-cookie-key), so that
// several load balancers agree on it. Servers that are not reached by an IP
// address have none.
func (s *Server) bake() {
	set := s.Backend.Settings()
	e := s.addr.Load()
	if !set.DynamicCookies || set.CookieKey == "" || e == nil {
		s.cookie.Store(nil)
		return
	}
	ip, err := netip.ParseAddr(e.Host)
	if err != nil {
		s.cookie.Store(nil)
		return
	}
	b := append([]byte(set.CookieKey), ip.AsSlice()...)
	b = binary.BigEndian.AppendUint32(b, uint32(e.Port))
	c := fmt.Sprintf("%016x", xxhash.Sum64(b))
	s.cookie.Store(&c)
}

// SetDynamicCookies turns dynamic cookies on or off, or changes their key;
// "" keeps it.
func (b *Backend) SetDynamicCookies(on bool, key string) {
	unlock := b.lock()
	defer unlock()
	set := b.Settings()
	set.DynamicCookies = on
	if key != "" {
		set.CookieKey = key
	}
	b.settings.Store(&set)
	for _, s := range b.Servers() {
		s.bake()
	}
}
