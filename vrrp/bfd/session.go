package bfd

import (
	"fmt"
	"time"
)

// Config is what the configuration says of a session.
type Config struct {
	Name string
	// MinRx and MinTx are the times between packets while the session is up,
	// IdleTx that of our packets while it is not.
	MinRx, MinTx, IdleTx time.Duration
	Mult                 uint8
	Passive              bool // silent until the neighbour has spoken
}

// Effect is one thing to do.
type Effect struct {
	Packet *Packet // to send
	Log    string
	Detail bool // Log is only for a detailed log
	State  bool // the state is news: Up, or no longer so
}

// Session is the state of one session (RFC 5880 section 6.8.1). Times are
// since some moment in the past. It is not safe for concurrent use.
type Session struct {
	cfg    Config
	random func(limit time.Duration) time.Duration
	out    []Effect

	state, remoteState State
	diag, remoteDiag   Diag
	local, remote      uint32 // discriminators
	remoteMinTx        time.Duration
	remoteMinRx        time.Duration
	remoteMult         uint8
	remoteDemand       bool
	poll               bool
	// What counts as long as a poll sequence has not told the neighbour
	// otherwise: the shorter time between our packets, the longer between its.
	tx, rx time.Duration
	detect time.Duration

	sendAt   time.Duration
	sending  bool
	sent     time.Duration // the last periodic packet, or when it would have been
	expireAt time.Duration
	expiring bool
	seen     time.Duration
	wasSeen  bool
	logged   params
}

// params are what the log tells of when they change.
type params struct{ tx, remoteTx, remoteRx, remoteMult int64 }

// New makes a session that is down. local is its discriminator, never 0 and
// unlike those of other sessions; random is a time from 0 to limit.
func New(cfg Config, local uint32, random func(limit time.Duration) time.Duration) *Session {
	return &Session{
		cfg: cfg, local: local, random: random, state: Down, remoteState: Down,
		remoteMinRx: 1, tx: cfg.IdleTx, rx: cfg.MinRx,
	}
}

// State is the session's.
func (s *Session) State() State { return s.state }

// Local is the own discriminator.
func (s *Session) Local() uint32 { return s.local }

func (s *Session) take() []Effect {
	out := s.out
	s.out = nil
	return out
}

func (s *Session) log(detail bool, format string, args ...any) {
	s.out = append(s.out, Effect{Log: fmt.Sprintf(format, args...), Detail: detail})
}

// Start begins to send.
func (s *Session) Start(now time.Duration) []Effect {
	s.sent = now
	s.schedule(now)
	return s.take()
}

// Reload takes new settings over. What the neighbour must know first waits for
// a poll sequence.
func (s *Session) Reload(cfg Config, now time.Duration) []Effect {
	old := s.cfg
	s.cfg = cfg
	if s.state != Up {
		s.tx, s.rx = cfg.IdleTx, cfg.MinRx
	} else if old.MinTx != cfg.MinTx || old.MinRx != cfg.MinRx {
		s.rx = max(s.rx, cfg.MinRx)
		s.tx = min(s.tx, cfg.MinTx)
		s.startPoll()
	}
	s.schedule(now)
	return s.take()
}

// Next is when Tick has something to do.
func (s *Session) Next() (at time.Duration, on bool) {
	at, on = s.sendAt, s.sending
	if s.expiring && (!on || s.expireAt < at) {
		at, on = s.expireAt, true
	}
	return at, on
}

// Tick does what is due.
func (s *Session) Tick(now time.Duration) []Effect {
	if s.expiring && s.expireAt <= now {
		s.expiring = false
		if s.state == Up {
			s.log(false, "(%s) Expired after %d ms (%d usec overdue)", s.cfg.Name, s.detect.Milliseconds(), (now - s.expireAt).Microseconds())
		}
		if s.state != Down {
			s.down(DiagExpired, now)
		}
		// RFC 5880 section 6.8.1, bfd.RemoteDiscr.
		s.remote, s.remoteMinRx, s.remoteDemand = 0, 1, false
		s.schedule(now)
	}
	if s.sending && s.sendAt <= now {
		s.send(false)
		s.sent = now
		s.schedule(now)
	}
	return s.take()
}

// send sends a packet; final answers a poll.
func (s *Session) send(final bool) {
	p := &Packet{
		Diag: s.diag, State: s.state, Poll: s.poll && !final, Final: final, Mult: s.cfg.Mult,
		My: s.local, Your: s.remote,
		MinTx: micro(s.desired()), MinRx: micro(s.cfg.MinRx),
	}
	s.out = append(s.out, Effect{Packet: p})
}

func micro(d time.Duration) uint32 { return uint32(min(d.Microseconds(), 1<<32-1)) }

// desired is the time between packets that is asked for (bfd.DesiredMinTxInterval).
func (s *Session) desired() time.Duration {
	if s.state == Up {
		return s.cfg.MinTx
	}
	return s.cfg.IdleTx
}

// interval is the time between packets that is agreed; 0: none are wanted.
func (s *Session) interval() time.Duration {
	if s.remoteMinRx == 0 {
		return 0
	}
	return max(s.tx, s.remoteMinRx)
}

// schedule sets when the next packet goes out (RFC 5880 section 6.8.7).
func (s *Session) schedule(now time.Duration) {
	every := s.interval()
	silent := every == 0 || s.cfg.Passive && s.remote == 0 ||
		s.remoteDemand && s.state == Up && s.remoteState == Up && !s.poll
	if silent {
		s.sending = false
		return
	}
	// Up to a quarter less, at least a tenth with a multiplier of 1, so that
	// sessions do not keep step.
	jitter := every / 4
	least := time.Duration(0)
	if s.cfg.Mult == 1 {
		least, jitter = every/10, every/4-every/10
	}
	next := max(s.sent+every-least-s.random(jitter), now)
	if !s.sending || s.sendAt > s.sent+every || s.sendAt <= s.sent {
		s.sendAt = next
	}
	s.sending = true
}

// startPoll begins a poll sequence (RFC 5880 section 6.5).
func (s *Session) startPoll() {
	if !s.poll {
		s.log(true, "(%s) Starting poll sequence", s.cfg.Name)
	}
	s.poll = true
}

// Receive takes a packet that is meant for this session (RFC 5880 section 6.8.6).
func (s *Session) Receive(p Packet, now time.Duration) []Effect {
	s.seen, s.wasSeen = now, true
	s.remote, s.remoteState, s.remoteDemand = p.My, p.State, p.Demand
	s.remoteDiag, s.remoteMult = p.Diag, p.Mult
	s.remoteMinTx = time.Duration(p.MinTx) * time.Microsecond
	s.remoteMinRx = time.Duration(p.MinRx) * time.Microsecond
	if p.Final && s.poll {
		s.poll = false
		s.tx, s.rx = s.desired(), s.cfg.MinRx
	}
	was := s.state
	s.account()
	switch {
	case p.State == AdminDown || s.state == Up && p.State == Down:
		if s.state != Down {
			s.down(DiagNeighbor, now)
		}
	case s.state == Down && p.State == Down:
		s.state = Init
	case s.state == Down && p.State == Init, s.state == Init && p.State >= Init:
		s.up()
	}
	s.expireAt, s.expiring = now+s.detect, true
	switch {
	case p.Poll:
		s.send(true)
	case s.state != was && !(s.cfg.Passive && s.remote == 0):
		// The sooner the neighbour knows, the better (section 6.8.7, last
		// paragraph).
		s.send(false)
		s.sent, s.sending = now, false
	}
	s.schedule(now)
	return s.take()
}

// account computes the detection time and tells what changed.
func (s *Session) account() {
	detect := time.Duration(s.remoteMult) * max(s.rx, s.remoteMinTx)
	now := params{int64(s.interval()), int64(s.remoteMinTx), int64(s.remoteMinRx), int64(s.remoteMult)}
	if now != s.logged {
		s.logged = now
		in := len(s.cfg.Name) + 2
		remoteTx := max(s.remoteMinTx, s.rx)
		row := func(who string, minTx, minRx, tx time.Duration, mult uint8, detect time.Duration) {
			s.log(true, "%*s %-6s %8d %7d %8d %5d %12d", in, "", who, minTx.Microseconds(), minRx.Microseconds(), tx.Microseconds(), mult, detect.Microseconds())
		}
		s.log(true, "(%s) ---------------< Session parameters >--------------", s.cfg.Name)
		s.log(true, "%*s          min_tx  min_rx  tx_intv  mult  detect_time", in, "")
		row("local", s.desired(), s.cfg.MinRx, s.interval(), s.cfg.Mult, detect)
		row("remote", s.remoteMinTx, s.remoteMinRx, remoteTx, s.remoteMult, time.Duration(s.cfg.Mult)*s.interval())
	}
	if detect != s.detect {
		s.log(false, "%*s Detection time is %d us (was %d us)", len(s.cfg.Name)+2, "", detect.Microseconds(), s.detect.Microseconds())
		s.detect = detect
	}
}

// up enters Up.
func (s *Session) up() {
	s.state, s.diag = Up, DiagNone
	s.log(false, "(%s) Entering %s state", s.cfg.Name, s.state)
	s.out = append(s.out, Effect{State: true})
	if s.desired() != s.tx {
		// To send more often needs no leave (section 6.8.3).
		s.tx = min(s.tx, s.desired())
		s.startPoll()
	}
}

// down enters Down.
func (s *Session) down(why Diag, now time.Duration) {
	was := s.state
	s.state, s.diag, s.poll = Down, why, false
	s.tx, s.rx = s.cfg.IdleTx, s.cfg.MinRx
	if was != Up {
		return
	}
	s.log(false, "(%s) Entering %s state (Local diagnostic - %s, Remote diagnostic - %s)", s.cfg.Name, s.state, s.diag, s.remoteDiag)
	s.out = append(s.out, Effect{State: true})
	// It is told at once, whatever the last packet's time was.
	s.sent, s.sending = now-s.tx, false
}
