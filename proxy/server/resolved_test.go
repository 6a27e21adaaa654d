package server

import (
	"net/netip"
	"testing"
)

// The messages are those of haproxy 3.5.
func TestMovesWithItsName(t *testing.T) {
	t.Parallel()
	w := newWorld()
	b := w.add(t, "b", Settings{}, "s1 192.0.2.1:80 check", "s2 192.0.2.2", "s3 192.0.2.1:80")
	s1, s2 := b.Server("s1"), b.Server("s2")
	ip := netip.MustParseAddr
	if !s1.Move(ip("192.0.2.5"), 0, "dns/n1") || s1.Move(ip("192.0.2.5"), 0, "dns/n1") || s1.Move(ip("192.0.2.5"), 80, "x") {
		t.Error("a move to where it is, or none to where it is not")
	}
	s2.Move(ip("2001:db8::1"), 8080, "DNS additional record")
	w.expect(t, "moved", "<5> b/s1: IP changed from '192.0.2.1' to '192.0.2.5' by 'dns/n1'.",
		"<5> b/s2: IP changed from '192.0.2.2' to '2001:db8::1', port changed from '+0' to '8080' by 'DNS additional record'.")
	if e := s2.Addr(); e.Network != "tcp6" || e.Port != 8080 || e.Mapped {
		t.Errorf("%+v", e)
	}
	s1.CheckDone(refused(), w.now)
	s1.CheckDone(refused(), w.now)
	s1.CheckDone(refused(), w.now)
	w.log = nil
	s1.Unresolved("DNS NX status", w.now)
	s1.Unresolved("DNS NX status", w.now)
	s2.Unresolved("DNS timeout status", w.now)
	w.expect(t, "lost", "<5> Server b/s1 was DOWN and now enters maintenance (DNS NX status).",
		"<1> Server b/s2 is going DOWN for maintenance (DNS timeout status). 1 active and 0 backup servers left. 0 sessions active, 0 requeued, 0 remaining in queue.")
	if _, port := s2.Identity(); s2.Addr() != nil || port != 8080 {
		t.Errorf("port %d, at %v", port, s2.Addr())
	}
	if got := s2.Rename("www.ex", 0, "x"); got != "b/s2 changed its FQDN from (null) to www.ex by 'x'" {
		t.Error(got)
	}
	s2.Move(ip("192.0.2.2"), 0, "DNS cache")
	s2.Resolved(w.now)
	w.expect(t, "found", "<5> b/s2: IP changed from '(none)' to '192.0.2.2' by 'DNS cache'.",
		"<5> Server b/s2 ('www.ex') is UP/READY (resolves again).", "<5> Server b/s2 administratively READY thanks to valid DNS answer.")
	if _, admin := s2.State(); admin != Renamed {
		t.Errorf("admin %x", admin)
	}
}

func TestHasAddressOfTheSameName(t *testing.T) {
	t.Parallel()
	w := newWorld()
	b := w.add(t, "b", Settings{}, "s1 192.0.2.1:80", "s2 192.0.2.2:80", "s3 192.0.2.3:80")
	ip := netip.MustParseAddr("192.0.2.2")
	if !b.Server("s1").Has(ip) || b.Server("s2").Has(ip) {
		t.Error("the address of another one, or its own")
	}
	b.Server("s1").Rename("a.ex", 0, "x")
	if b.Server("s1").Has(ip) {
		t.Error("the address of another name counts")
	}
}

func TestTimeoutsTellOfLostServers(t *testing.T) {
	t.Parallel()
	w := newWorld()
	s := w.add(t, "b", Settings{}, "s1 192.0.2.1:80 check").Server("s1")
	told := 0
	s.OnLost(func() { told++ })
	s.CheckDone(pass(), w.now)
	s.CheckDone(refused(), w.now)
	if told != 0 {
		t.Error("a refusal is not the loss of an address")
	}
	if s.CheckDone(&CheckResult{Status: "L4TOUT"}, w.now); told != 1 {
		t.Errorf("told %d times", told)
	}
}
