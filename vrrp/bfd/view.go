package bfd

import "time"

// View is what a dump tells of a session.
type View struct {
	State, RemoteState         State
	Diag, RemoteDiag           Diag
	Local, Remote              uint32 // discriminators
	RemoteMinTx, RemoteMinRx   time.Duration
	RemoteDemand, Poll         bool
	RemoteMult                 uint8
	Interval, RemoteInterval   time.Duration
	Detect, RemoteDetect       time.Duration
	SendAt, ExpireAt, LastSeen time.Duration
	Sending, Expiring, Seen    bool
}

// View describes the session as it is.
func (s *Session) View() View {
	return View{
		State: s.state, RemoteState: s.remoteState, Diag: s.diag, RemoteDiag: s.remoteDiag,
		Local: s.local, Remote: s.remote, RemoteMinTx: s.remoteMinTx, RemoteMinRx: s.remoteMinRx,
		RemoteDemand: s.remoteDemand, Poll: s.poll, RemoteMult: s.remoteMult,
		Interval: s.interval(), RemoteInterval: max(s.remoteMinTx, s.rx),
		Detect: s.detect, RemoteDetect: time.Duration(s.cfg.Mult) * s.interval(),
		SendAt: s.sendAt, ExpireAt: s.expireAt, LastSeen: s.seen,
		Sending: s.sending, Expiring: s.expiring, Seen: s.wasSeen,
	}
}
