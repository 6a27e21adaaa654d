package listen

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"os"

	"tandem/parser/expr"
)

// OpenDatagrams binds the endpoints of a "dgram-bind" line. The sockets belong
// to the caller; a later configuration binds its own beside them.
func OpenDatagrams(b *Bind, opt SocketOptions) (list []net.PacketConn, err error) {
	for _, a := range b.Endpoints {
		c, err := openDatagram(a, b, opt)
		if err != nil {
			for _, c := range list {
				c.Close()
			}
			return nil, err
		}
		list = append(list, c)
	}
	return list, nil
}

func openDatagram(a expr.Addr, b *Bind, opt SocketOptions) (net.PacketConn, error) {
	lc := net.ListenConfig{Control: control(a, b, opt)}
	switch a.Kind {
	case expr.FD, expr.SockPair:
		f := os.NewFile(uintptr(a.FDNum), a.Text)
		if f == nil {
			return nil, fmt.Errorf("no descriptor %d", a.FDNum)
		}
		defer f.Close()
		return net.FilePacketConn(f)
	case expr.Unix:
		path := opt.UnixPrefix + a.Host
		os.Remove(path)
		return lc.ListenPacket(context.Background(), "unixgram", path)
	case expr.Abstract, expr.AbstractZ:
		return lc.ListenPacket(context.Background(), "unixgram", a.AbstractName())
	case expr.Inet:
		network := "udp4"
		if a.IP.Is6() {
			network = "udp6"
		}
		if a.IP.Is6() && a.IP.IsUnspecified() && !b.V6Only {
			network = "udp"
		}
		return lc.ListenPacket(context.Background(), network, netip.AddrPortFrom(a.IP, uint16(a.Port)).String())
	}
	return nil, fmt.Errorf("cannot receive on '%s'", a.Text)
}
