package wire

import (
	"net"

	"github.com/mdlayher/packet"
)

// broadcast is the address that a packet socket needs although the frame says
// where it goes.
var broadcast = &packet.Addr{HardwareAddr: net.HardwareAddr{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}}

// linkConn is a packet socket that sends and receives nothing.
type linkConn struct{ c *packet.Conn }

// OpenLink opens a packet socket on link.
func (Kernel) OpenLink(link string) (LinkConn, error) {
	ifi, err := net.InterfaceByName(link)
	if err != nil {
		return nil, err
	}
	// Protocol 0 receives nothing, so that no queue fills up behind our back.
	c, err := packet.Listen(ifi, packet.Raw, 0, nil)
	if err != nil {
		return nil, err
	}
	return &linkConn{c}, nil
}

// SendFrame implements [LinkConn].
func (l *linkConn) SendFrame(frame []byte) error {
	_, err := l.c.WriteTo(frame, broadcast)
	return err
}

// Close implements [LinkConn].
func (l *linkConn) Close() error { return l.c.Close() }
