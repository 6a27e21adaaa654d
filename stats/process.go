package stats

// Process counts what "show info" reports about the whole process. There is
// one; it survives reloads.
type Process struct {
	Conns    Gauge // CurrConns
	ConnTot  Counter
	ReqTot   Counter
	SSLConns Gauge // CurrSslConns: TLS connections, both sides
	SSLTot   Counter
	Streams  Gauge // CurrStreams
	StrmTot  Counter

	ConnRate Rate // client connections per second
	SessRate Rate // sessions per second
	SSLRate  Rate // TLS connections per second
	FrontKey Rate // full TLS handshakes with clients per second
	BackKey  Rate // full TLS handshakes with servers per second

	CompIn  Rate // bytes per second
	CompOut Rate // bytes per second

	BytesOut     Counter
	SplicedOut   Counter
	BytesOutRate Rate // bytes per second

	LogsDropped    Counter
	LogsReceived   Counter
	ResolveFails   Counter
	DebugCommands  Counter
	Warnings       Counter
	MaxconnReached Counter
	Listeners      Gauge // open listeners
	Jobs           Gauge // Jobs
	Unstoppable    Gauge
	ActivePeers    Gauge
	ConnectedPeers Gauge
	PatternsAdded  Counter
	PatternsFreed  Counter
}

// Clear resets the maximums, and with all the counters, as "clear counters
// [all]" does. Totals of the process itself are never cleared, so all makes no
// difference here.
func (p *Process) Clear(bool) {
	for _, r := range []*Rate{&p.ConnRate, &p.SessRate, &p.SSLRate, &p.FrontKey, &p.BackKey} {
		r.clear(false)
	}
}

// Fill writes the counters into the snapshot. What is not counted (limits,
// names, times, tasks) stays as the caller set it.
func (p *Process) Fill(in *Info, nowMS int64) {
	n := &in.N
	n[InfoCurrConns], n[InfoCumConns], n[InfoCumReq] = p.Conns.Load(), p.ConnTot.Load(), p.ReqTot.Load()
	n[InfoCurrSslConns], n[InfoCumSslConns] = p.SSLConns.Load(), p.SSLTot.Load()
	n[InfoCurrStreams], n[InfoCumStreams] = p.Streams.Load(), p.StrmTot.Load()
	fillRate(in, InfoConnRate, InfoMaxConnRate, &p.ConnRate, nowMS)
	fillRate(in, InfoSessRate, InfoMaxSessRate, &p.SessRate, nowMS)
	fillRate(in, InfoSslRate, InfoMaxSslRate, &p.SSLRate, nowMS)
	fillRate(in, InfoSslFrontendKeyRate, InfoSslFrontendMaxKeyRate, &p.FrontKey, nowMS)
	fillRate(in, InfoSslBackendKeyRate, InfoSslBackendMaxKeyRate, &p.BackKey, nowMS)
	// Every client TLS connection that computed no key resumed a session.
	if all := n[InfoSslRate]; all > 0 {
		n[InfoSslFrontendSessionReusePct] = 100 * (all - min(all, n[InfoSslFrontendKeyRate])) / all
	}
	n[InfoCompressBpsIn] = uint64(p.CompIn.Read(nowMS))
	n[InfoCompressBpsOut] = uint64(p.CompOut.Read(nowMS))
	n[InfoTotalBytesOut], n[InfoTotalSplicedBytesOut] = p.BytesOut.Load(), p.SplicedOut.Load()
	n[InfoBytesOutRate] = uint64(p.BytesOutRate.Read(nowMS))
	n[InfoDroppedLogs], n[InfoCumRecvLogs] = p.LogsDropped.Load(), p.LogsReceived.Load()
	n[InfoFailedResolutions] = p.ResolveFails.Load()
	n[InfoDebugCommandsIssued] = p.DebugCommands.Load()
	n[InfoTotalWarnings] = p.Warnings.Load()
	n[InfoMaxconnReached] = p.MaxconnReached.Load()
	n[InfoListeners], n[InfoJobs] = p.Listeners.Load(), p.Jobs.Load()
	n[InfoUnstoppableJobs] = p.Unstoppable.Load()
	n[InfoActivePeers], n[InfoConnectedPeers] = p.ActivePeers.Load(), p.ConnectedPeers.Load()
	n[InfoPatternsAdded], n[InfoPatternsFreed] = p.PatternsAdded.Load(), p.PatternsFreed.Load()
}

func fillRate(in *Info, cur, most InfoCol, r *Rate, nowMS int64) {
	in.N[cur], in.N[most] = uint64(r.Read(nowMS)), uint64(r.Max())
}
