package lvs

import (
	"net/netip"
	"testing"
	"time"
)

// TestReload goes over to other configurations: what stays keeps its state, and
// the kernel is told only what differs.
func TestReload(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	first := func() *Service { return testService(testServer(1, 1, tcpCheck(0)), testServer(2, 1, tcpCheck(0))) }
	w.perform(w.d.Start(&Config{Services: []*Service{first()}}, 0))
	w.bad[srv2] = Outcome{}
	w.run(time.Second)
	w.out = nil

	w.perform(w.d.Reload(&Config{Services: []*Service{first()}}, w.now))
	w.want("the same again")
	w.run(3 * time.Second)
	w.want("checks go on without a word")

	s := first()
	s.Opt.Scheduler, s.Servers[0].Dest.Weight = "wrr", 4
	w.perform(w.d.Reload(&Config{Services: []*Service{s}}, w.now))
	w.want("another scheduler and weight", "Changing weight from 1 to 4 for active service "+srv1+" of VS "+svc,
		"$ -E -t 10.1.1.1:80 -s wrr", "$ -e -t 10.1.1.1:80 -r 10.2.2.1:80 -m -w 4")

	s = testService(testServer(2, 1, tcpCheck(0)), testServer(3, 1, tcpCheck(0)))
	s.Opt.Scheduler = "wrr"
	w.perform(w.d.Reload(&Config{Services: []*Service{s}}, w.now))
	w.want("other servers", "service "+srv1+" no longer exist", "Removing service "+srv1+" from VS "+svc, "> RS "+srv1+" "+svc+" DOWN",
		"$ "+add(3, 1), "$ -d -t 10.1.1.1:80 -r 10.2.2.1:80",
		"Activating healthchecker for service [10.2.2.3]:tcp:80 for VS "+svc)

	w.perform(w.d.Reload(&Config{}, w.now))
	w.want("nothing left", "Removing Virtual Server "+svc, "Removing service [10.2.2.3]:tcp:80 from VS "+svc, "> RS [10.2.2.3]:tcp:80 "+svc+" DOWN",
		"$ -d -t 10.1.1.1:80 -r 10.2.2.3:80", "$ -D -t 10.1.1.1:80")
	if _, on := w.d.Next(); on {
		t.Error("a check of nobody is queued")
	}
}

// TestReloadGroup changes the members of a group.
func TestReloadGroup(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	group := func(lines ...string) *Service {
		s := testService(testServer(1, 1))
		s.Name, s.Members = "[G]:0", nil
		for _, l := range lines {
			s.Members = append(s.Members, Member{ID: ServiceID{Protocol: TCP, Addr: netip.MustParseAddr(l), Port: 80}, Group: "G", Text: "[" + l + "]:tcp:80"})
		}
		return s
	}
	w.perform(w.d.Start(&Config{Services: []*Service{group("10.1.1.3", "10.1.1.4")}}, 0))
	w.out = nil
	w.perform(w.d.Reload(&Config{Services: []*Service{group("10.1.1.4", "10.1.1.5")}}, 0))
	w.want("members", "VS [[10.1.1.3]:tcp:80] in group G no longer exists", "$ -d -t 10.1.1.3:80 -r 10.2.2.1:80", "$ -D -t 10.1.1.3:80",
		"VS [[10.1.1.5]:tcp:80] added into group G", "$ -A -t 10.1.1.5:80 -s rr", "$ -a -t 10.1.1.5:80 -r 10.2.2.1:80 -m -w 1")
}

// TestSettings tells the kernel what is not a service, once.
func TestSettings(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	cfg := func(tcp uint32, id uint32) *Config {
		return &Config{Timeouts: Timeouts{TCP: tcp}, Sync: []Sync{{Interface: "eth0", ID: id}}, Flush: true}
	}
	w.perform(w.d.Start(cfg(1000, 7), 0))
	w.want("start", "$ -C", "$ --set 1000 0 0", "$ --start-daemon master --mcast-interface eth0 --syncid 7")
	w.perform(w.d.Reload(cfg(1000, 7), 0))
	w.want("the same")
	w.perform(w.d.Reload(cfg(1100, 8), 0))
	w.want("others", "$ --set 1100 0 0", "$ --stop-daemon master --mcast-interface eth0 --syncid 7", "$ --start-daemon master --mcast-interface eth0 --syncid 8")
}
