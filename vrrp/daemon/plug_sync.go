package daemon

import (
	"tandem/vrrp/config"
	"tandem/vrrp/fsm"
	"tandem/vrrp/lvs"
)

// syncer is the plug-in that runs the IPVS connection synchronisation of
// lvs_sync_daemon where an instance decides: its master sends the state of
// connections, everybody else takes it.
type syncer struct {
	open   func() (lvs.Kernel, error)
	log    func(string)
	kernel lvs.Kernel
	name   string // of the instance
	sync   lvs.Sync
	runs   bool // sync runs
}

// NewSyncer makes the plug-in; open nil is [lvs.Open].
func NewSyncer(open func() (lvs.Kernel, error), log func(string)) Plugin {
	return &syncer{open: open, log: log}
}

// Begin implements [Plugin]. A daemon that must change is started again.
func (s *syncer) Begin(cfg *config.Config, _ bool, _ func(fsm.Event)) []fsm.Event {
	y := cfg.Global.LVSSync
	if y == nil || y.Instance == nil {
		s.End()
		s.name = ""
		return nil
	}
	s.name = y.Instance.Name
	next := syncDaemon(y, !s.runs || s.sync.Backup)
	if s.runs && next == s.sync {
		return nil
	}
	s.stop()
	if s.kernel == nil {
		open := s.open
		if open == nil {
			open = func() (lvs.Kernel, error) { return lvs.Open(ipvsNamespace(cfg)) }
		}
		k, err := open()
		if err != nil {
			s.log("IPVS: Can't initialize ipvs: " + lvs.SysText(lvs.Errno(err)))
			s.name = ""
			return nil
		}
		s.kernel = k
	}
	s.start(next)
	return nil
}

// Notice implements [Plugin].
func (s *syncer) Notice(n Notice) {
	if n.Group || n.Name != s.name || s.name == "" {
		return
	}
	backup := n.State != fsm.Master
	switch n.State {
	case fsm.Master, fsm.Backup, fsm.Fault:
		if s.runs && s.sync.Backup == backup {
			return
		}
		next := s.sync
		next.Backup = backup
		s.stop()
		s.start(next)
	}
}

// End implements [Plugin].
func (s *syncer) End() {
	s.stop()
	if s.kernel != nil {
		s.kernel.Close()
		s.kernel = nil
	}
}

func (s *syncer) start(y lvs.Sync) {
	s.sync, s.runs = y, true
	s.do(lvs.Command{Op: lvs.StartDaemon, Sync: y})
}

func (s *syncer) stop() {
	if s.runs {
		s.runs = false
		s.do(lvs.Command{Op: lvs.StopDaemon, Sync: s.sync})
	}
}

func (s *syncer) do(c lvs.Command) {
	if err := s.kernel.Do(c); err != nil {
		s.log(lvs.ErrorText(c, err))
	}
}
