package lvs

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"syscall"

	"github.com/mdlayher/genetlink"
	"github.com/mdlayher/netlink"
	"golang.org/x/sys/unix"
)

// The generic netlink family and its commands and attributes (linux/ip_vs.h).
const (
	familyName    = "IPVS"
	familyVersion = 1

	cmdNewService = 1
	cmdSetService = 2
	cmdDelService = 3
	cmdNewDest    = 5
	cmdSetDest    = 6
	cmdDelDest    = 7
	cmdNewDaemon  = 9
	cmdDelDaemon  = 10
	cmdSetConfig  = 12
	cmdGetConfig  = 13
	cmdFlush      = 17

	attrService    = 1
	attrDest       = 2
	attrDaemon     = 3
	attrTimeoutTCP = 4
	attrTimeoutFin = 5
	attrTimeoutUDP = 6

	svcFamily    = 1
	svcProtocol  = 2
	svcAddr      = 3
	svcPort      = 4
	svcMark      = 5
	svcScheduler = 6
	svcFlags     = 7
	svcTimeout   = 8
	svcNetmask   = 9
	svcEngine    = 11

	destAddr     = 1
	destPort     = 2
	destForward  = 3
	destWeight   = 4
	destUpper    = 5
	destLower    = 6
	destFamily   = 11
	destTunType  = 13
	destTunPort  = 14
	destTunFlags = 15

	syncState     = 1
	syncInterface = 2
	syncID        = 3
	syncMaxLen    = 4
	syncGroup4    = 5
	syncGroup6    = 6
	syncPort      = 7
	syncTTL       = 8

	syncMaster = 1
	syncBackup = 2
)

// netlinkKernel talks to IPVS of the network namespace that it was opened in.
type netlinkKernel struct {
	conn   *genetlink.Conn
	family uint16
}

// Open connects to the kernel's IPVS, and has its module loaded if need be.
// The network namespace is that of a file; "" is ours. The error is
// [syscall.ENOENT] where there is no IPVS.
func Open(namespace string) (Kernel, error) {
	cfg := &netlink.Config{}
	if namespace != "" {
		f, err := os.Open(namespace)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		cfg.NetNS = int(f.Fd())
	}
	conn, err := genetlink.Dial(cfg)
	if err != nil {
		return nil, err
	}
	f, err := conn.GetFamily(familyName)
	if errors.Is(err, os.ErrNotExist) {
		cmd := exec.Command("modprobe", "ip_vs")
		cmd.Stderr = os.Stderr
		_ = cmd.Run()
		f, err = conn.GetFamily(familyName)
	}
	if err != nil {
		conn.Close()
		if errors.Is(err, os.ErrNotExist) {
			err = syscall.ENOENT
		}
		return nil, err
	}
	return &netlinkKernel{conn: conn, family: f.ID}, nil
}

// Close implements [Kernel].
func (k *netlinkKernel) Close() error { return k.conn.Close() }

// Do implements [Kernel].
func (k *netlinkKernel) Do(c Command) error {
	ae := netlink.NewAttributeEncoder()
	var cmd uint8
	switch c.Op {
	case AddService:
		cmd = cmdNewService
	case SetService:
		cmd = cmdSetService
	case DelService:
		cmd = cmdDelService
	case AddDest:
		cmd = cmdNewDest
	case SetDest:
		cmd = cmdSetDest
	case DelDest:
		cmd = cmdDelDest
	case Flush:
		cmd = cmdFlush
	case SetTimeouts:
		return k.timeouts(c.Timeouts)
	case StartDaemon:
		cmd = cmdNewDaemon
	case StopDaemon:
		cmd = cmdDelDaemon
	}
	switch c.Op {
	case AddService, SetService, DelService, AddDest, SetDest, DelDest:
		ae.Nested(attrService, func(n *netlink.AttributeEncoder) error {
			encodeService(n, &c)
			return nil
		})
	case StartDaemon, StopDaemon:
		ae.Nested(attrDaemon, func(n *netlink.AttributeEncoder) error {
			encodeSync(n, &c)
			return nil
		})
	}
	switch c.Op {
	case AddDest, SetDest, DelDest:
		ae.Nested(attrDest, func(n *netlink.AttributeEncoder) error {
			encodeDest(n, &c)
			return nil
		})
	}
	data, err := ae.Encode()
	if err != nil {
		return err
	}
	_, err = k.execute(cmd, data)
	return err
}

// execute sends one command and waits for the acknowledgement.
func (k *netlinkKernel) execute(cmd uint8, data []byte) ([]genetlink.Message, error) {
	msgs, err := k.conn.Execute(genetlink.Message{Header: genetlink.Header{Command: cmd, Version: familyVersion}, Data: data},
		k.family, netlink.Request|netlink.Acknowledge)
	var no syscall.Errno
	if errors.As(err, &no) {
		err = no
	}
	return msgs, err
}

// Timeouts implements [Kernel].
func (k *netlinkKernel) Timeouts() (Timeouts, error) {
	var t Timeouts
	msgs, err := k.conn.Execute(genetlink.Message{Header: genetlink.Header{Command: cmdGetConfig, Version: familyVersion}}, k.family, netlink.Request)
	if err != nil {
		return t, fmt.Errorf("read: %w", err)
	}
	for _, m := range msgs {
		ad, err := netlink.NewAttributeDecoder(m.Data)
		if err != nil {
			return t, err
		}
		for ad.Next() {
			to := map[uint16]*uint32{attrTimeoutTCP: &t.TCP, attrTimeoutFin: &t.TCPFin, attrTimeoutUDP: &t.UDP}[ad.Type()]
			if to != nil && len(ad.Bytes()) == 4 {
				*to = ad.Uint32()
			}
		}
	}
	return t, nil
}

// timeouts sets timeouts. The kernel takes all three together, so those that
// stay are read first.
func (k *netlinkKernel) timeouts(t Timeouts) error {
	have, err := k.Timeouts()
	if err != nil {
		return err
	}
	ae := netlink.NewAttributeEncoder()
	for _, x := range []struct {
		attr    uint16
		v, have uint32
	}{{attrTimeoutTCP, t.TCP, have.TCP}, {attrTimeoutFin, t.TCPFin, have.TCPFin}, {attrTimeoutUDP, t.UDP, have.UDP}} {
		if x.v == 0 {
			x.v = x.have
		}
		ae.Uint32(x.attr, x.v)
	}
	data, err := ae.Encode()
	if err != nil {
		return err
	}
	_, err = k.execute(cmdSetConfig, data)
	return err
}

// addrBytes is an address in the sixteen bytes that the kernel's union takes.
func addrBytes(a netip.Addr) []byte {
	b := make([]byte, 16)
	copy(b, a.AsSlice())
	return b
}

func bigEndian(v uint16) []byte { return binary.BigEndian.AppendUint16(nil, v) }

// family is an address family by the kernel's number.
func family(v6 bool) uint16 {
	if v6 {
		return unix.AF_INET6
	}
	return unix.AF_INET
}

// encodeService writes who the service is and, where it is made or changed,
// how it schedules.
func encodeService(n *netlink.AttributeEncoder, c *Command) {
	s := c.Service
	n.Uint16(svcFamily, family(s.IPv6))
	if s.Protocol == 0 {
		n.Uint32(svcMark, s.FWMark)
	} else {
		n.Uint16(svcProtocol, uint16(s.Protocol))
		n.Bytes(svcAddr, addrBytes(s.Addr))
		n.Bytes(svcPort, bigEndian(s.Port))
	}
	if c.Op != AddService && c.Op != SetService {
		return
	}
	n.String(svcScheduler, c.Opt.Scheduler)
	if c.Opt.Engine != "" {
		n.String(svcEngine, c.Opt.Engine)
	}
	flags := make([]byte, 8)
	binary.NativeEndian.PutUint32(flags, c.Opt.Flags)
	binary.NativeEndian.PutUint32(flags[4:], ^uint32(0))
	n.Bytes(svcFlags, flags)
	n.Uint32(svcTimeout, c.Opt.Timeout)
	mask := uint32(128)
	switch {
	case s.IPv6 && c.Opt.Prefix != 0:
		mask = uint32(c.Opt.Prefix)
	case !s.IPv6:
		mask = ^uint32(0)
		if p := c.Opt.Prefix; p != 0 {
			mask = binary.NativeEndian.Uint32(binary.BigEndian.AppendUint32(nil, ^uint32(0)<<(32-p)))
		}
	}
	n.Uint32(svcNetmask, mask)
}

func encodeDest(n *netlink.AttributeEncoder, c *Command) {
	d := &c.Dest
	n.Uint16(destFamily, family(d.Addr.Is6()))
	n.Bytes(destAddr, addrBytes(d.Addr))
	n.Bytes(destPort, bigEndian(d.Port))
	if c.Op == DelDest {
		return
	}
	n.Uint32(destForward, d.Method.Forward)
	n.Uint32(destWeight, d.Weight)
	n.Uint32(destUpper, d.Upper)
	n.Uint32(destLower, d.Lower)
	if d.Method.Forward == Tunnel {
		n.Uint8(destTunType, d.Method.TunType)
		n.Bytes(destTunPort, bigEndian(d.Method.TunPort))
		n.Uint16(destTunFlags, d.Method.TunFlags)
	}
}

func encodeSync(n *netlink.AttributeEncoder, c *Command) {
	s := &c.Sync
	state := uint32(syncMaster)
	if s.Backup {
		state = syncBackup
	}
	n.Uint32(syncState, state)
	n.String(syncInterface, s.Interface)
	n.Uint32(syncID, s.ID)
	if c.Op != StartDaemon {
		return
	}
	if s.MaxLen != 0 {
		n.Uint16(syncMaxLen, s.MaxLen)
	}
	if s.Port != 0 {
		n.Uint16(syncPort, s.Port)
	}
	if s.TTL != 0 {
		n.Uint8(syncTTL, s.TTL)
	}
	switch {
	case s.Group.Is4():
		n.Bytes(syncGroup4, s.Group.AsSlice())
	case s.Group.Is6():
		n.Bytes(syncGroup6, s.Group.AsSlice())
	}
}
