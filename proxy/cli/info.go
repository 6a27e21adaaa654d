package cli

import (
	"os"
	"runtime"
	"syscall"
	"time"

	"tandem/stats"
)

// Information returns what "show info" prints.
func (e *Env) Information() *stats.Info {
	g := &e.Config().Global
	in := &stats.Info{
		Name: e.product(), Version: e.Version, ReleaseDate: e.ReleaseDate, BuildInfo: e.BuildInfo,
		Node: e.node(), Description: g.Description, Tainted: "0",
	}
	if in.BuildInfo == "" {
		in.BuildInfo = e.Version
	}
	n := &in.N
	n[stats.InfoNbthread], n[stats.InfoNbproc], n[stats.InfoProcessNum] = uint64(runtime.GOMAXPROCS(0)), 1, 1
	n[stats.InfoNbThreadGroups] = 1
	n[stats.InfoPid] = uint64(os.Getpid())
	if !e.Start.IsZero() {
		n[stats.InfoUptimeSec] = uint64(max(0, e.now().Sub(e.Start)/time.Second))
		n[stats.InfoStartTimeSec] = uint64(e.Start.Unix())
	}
	n[stats.InfoBootTimeMs] = uint64(e.Boot.Milliseconds())
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	n[stats.InfoPoolAllocBytes], n[stats.InfoPoolUsedBytes] = m.HeapSys, m.HeapInuse
	n[stats.InfoPoolAllocMB], n[stats.InfoPoolUsedMB] = m.HeapSys>>20, m.HeapInuse>>20
	var lim syscall.Rlimit
	if syscall.Getrlimit(syscall.RLIMIT_NOFILE, &lim) == nil {
		n[stats.InfoUlimitN], n[stats.InfoMaxsock] = lim.Cur, lim.Cur
	}
	n[stats.InfoMaxconn], n[stats.InfoHardMaxconn] = uint64(g.MaxConn), uint64(g.MaxConn)
	n[stats.InfoMaxSslConns], n[stats.InfoMaxpipes] = uint64(g.MaxSSLConn), uint64(g.MaxPipes)
	n[stats.InfoConnRateLimit], n[stats.InfoSessRateLimit] = uint64(g.MaxConnRate), uint64(g.MaxSessRate)
	n[stats.InfoSslRateLimit] = uint64(g.MaxSSLRate)
	n[stats.InfoTasks] = uint64(runtime.NumGoroutine())
	n[stats.InfoIdlePct] = 100
	e.process().Fill(in, e.nowMS())
	if e.Info != nil {
		e.Info(in)
	}
	return in
}

// node is the name of this machine as pages show it.
func (e *Env) node() string {
	if n := e.Config().Global.Node; n != "" {
		return n
	}
	name, err := os.Hostname()
	if err != nil {
		return ""
	}
	return name
}
