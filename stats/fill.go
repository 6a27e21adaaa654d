package stats

// Fill writes the counters into the row's columns. nowMS is the clock that the
// counters were fed with.
func (f *Frontend) Fill(r *Row, nowMS int64) {
	f.Common.fill(r)
	n := &r.N
	n[ColEreq] = f.ReqErr.Load()
	n[ColRate] = uint64(f.SessRate.Read(nowMS))
	n[ColRateMax] = uint64(f.SessRate.Max())
	n[ColReqRate] = uint64(f.ReqRate.Read(nowMS))
	n[ColReqRateMax] = uint64(f.ReqRate.Max())
	n[ColReqTot] = f.ReqTot.Load()
	n[ColConnRate] = uint64(f.ConnRate.Read(nowMS))
	n[ColConnRateMax] = uint64(f.ConnRate.Max())
	n[ColConnTot] = f.ConnTot.Load()
	n[ColIntercepted] = f.Intercepted.Load()
	n[ColDcon] = f.DeniedConn.Load()
	n[ColDses] = f.DeniedSess.Load()
	for i := range f.SessVersion {
		n[int(ColSessOther)+i] = f.SessVersion[i].Load()
		n[int(ColReqOther)+i] = f.ReqVersion[i].Load()
	}
	f.Resp.fill(r)
	f.Comp.fill(r)
	f.Cache.fill(r)
	f.H1.fill(r)
	f.H2.fill(r)
}

// Fill is described at [Frontend.Fill].
func (l *Listener) Fill(r *Row, _ int64) {
	l.Common.fill(r)
	n := &r.N
	n[ColEreq] = l.ReqErr.Load()
	n[ColConnTot] = l.ConnTot.Load()
	n[ColDcon] = l.DeniedConn.Load()
	n[ColDses] = l.DeniedSess.Load()
}

// Fill is described at [Frontend.Fill].
func (b *Backend) Fill(r *Row, nowMS int64) {
	b.Common.fill(r)
	b.Upstream.fill(r, nowMS)
	b.Comp.fill(r)
	b.Cache.fill(r)
	b.H1.fill(r)
	b.H2.fill(r)
}

// Fill is described at [Frontend.Fill].
func (s *Server) Fill(r *Row, nowMS int64) {
	s.Common.fill(r)
	s.Upstream.fill(r, nowMS)
	n := &r.N
	unsafeIdle, safeIdle := s.IdleUnsafe.Load(), s.IdleSafe.Load()
	n[ColIdleConnCur] = unsafeIdle
	n[ColSafeConnCur] = safeIdle
	n[ColSrvIcur] = unsafeIdle + safeIdle
	n[ColUsedConnCur] = s.Used.Load()
	n[ColNeedConnEst] = s.Need.Load()
	n[ColPrivIdleCur] = s.IdlePrivate.Load()
}

func (c *Common) fill(r *Row) {
	n := &r.N
	n[ColScur] = c.Sess.Load()
	n[ColSmax] = c.Sess.Max()
	n[ColStot] = c.SessTot.Load()
	n[ColReqbin] = c.ReqIn.Load()
	n[ColReqbout] = c.ReqOut.Load()
	n[ColResbin] = c.RespIn.Load()
	n[ColResbout] = c.RespOut.Load()
	n[ColBin], n[ColBout] = n[ColReqbin], n[ColResbin]
	n[ColDreq] = c.DeniedReq.Load()
	n[ColDresp] = c.DeniedResp.Load()
	n[ColWrew] = c.Rewrites.Load()
	n[ColEint] = c.InternalErrs.Load()
	n[ColSslSess] = c.SSL.Sess.Load()
	n[ColSslReusedSess] = c.SSL.Reused.Load()
	n[ColSslFailedHandshake] = c.SSL.FailedHandshake.Load()
	n[ColSslOcspStaple] = c.SSL.OCSPStaple.Load()
	n[ColSslFailedOcspStaple] = c.SSL.FailedOCSPStaple.Load()
}

func (u *Upstream) fill(r *Row, nowMS int64) {
	n := &r.N
	n[ColQcur] = u.Queue.Load()
	n[ColQmax] = u.Queue.Max()
	n[ColRate] = uint64(u.SessRate.Read(nowMS))
	n[ColRateMax] = uint64(u.SessRate.Max())
	n[ColEcon] = u.ConnErr.Load()
	n[ColEresp] = u.RespErr.Load()
	n[ColWretr] = u.Retries.Load()
	n[ColWredis] = u.Redisp.Load()
	n[ColCliAbrt] = u.CliAborts.Load()
	n[ColSrvAbrt] = u.SrvAborts.Load()
	n[ColLbtot] = u.LBTot.Load()
	n[ColConnect] = u.Connects.Load()
	n[ColReuse] = u.Reuses.Load()
	n[ColReqTot] = u.ReqTot.Load()
	n[ColChkfail] = u.CheckFails.Load()
	n[ColChkdown] = u.Downs.Load()
	n[ColQtime], n[ColQtimeMax] = u.Times.Queue.Load(), u.Times.Queue.Max()
	n[ColCtime], n[ColCtimeMax] = u.Times.Connect.Load(), u.Times.Connect.Max()
	n[ColRtime], n[ColRtimeMax] = u.Times.Response.Load(), u.Times.Response.Max()
	n[ColTtime], n[ColTtimeMax] = u.Times.Total.Load(), u.Times.Total.Max()
	r.LastSession = u.Last.Ago(nowMS)
	u.Resp.fill(r)
}

func (p *Responses) fill(r *Row) {
	for i := range p.Class {
		r.N[int(ColHrsp1xx)+i] = p.Class[i].Load()
	}
}

func (c *Compression) fill(r *Row) {
	r.N[ColCompIn] = c.In.Load()
	r.N[ColCompOut] = c.Out.Load()
	r.N[ColCompByp] = c.Bypassed.Load()
	r.N[ColCompRsp] = c.Responses.Load()
}

func (c *Cache) fill(r *Row) {
	r.N[ColCacheLookups] = c.Lookups.Load()
	r.N[ColCacheHits] = c.Hits.Load()
	r.N[ColCacheHintHits] = c.HintHits.Load()
}

func (h *H1) fill(r *Row) {
	n := &r.N
	n[ColH1OpenConnections] = h.OpenConns.Load()
	n[ColH1OpenStreams] = h.OpenStreams.Load()
	n[ColH1TotalConnections] = h.Conns.Load()
	n[ColH1TotalStreams] = h.Streams.Load()
	n[ColH1BytesIn] = h.BytesIn.Load()
	n[ColH1BytesOut] = h.BytesOut.Load()
	n[ColH1SplicedBytesIn] = h.SplicedIn.Load()
	n[ColH1SplicedBytesOut] = h.SplicedOut.Load()
}

func (h *H2) fill(r *Row) {
	n := &r.N
	n[ColH2HeadersRcvd] = h.Headers.Load()
	n[ColH2DataRcvd] = h.Data.Load()
	n[ColH2SettingsRcvd] = h.Settings.Load()
	n[ColH2RstStreamRcvd] = h.RstStream.Load()
	n[ColH2GoawayRcvd] = h.Goaway.Load()
	n[ColH2DetectedConnProtocolErrors] = h.ConnErrors.Load()
	n[ColH2DetectedStrmProtocolErrors] = h.StreamErrors.Load()
	n[ColH2RstStreamResp] = h.RstStreamSent.Load()
	n[ColH2GoawayResp] = h.GoawaySent.Load()
	n[ColH2OpenConnections] = h.OpenConns.Load()
	n[ColH2BackendOpenStreams] = h.OpenStreams.Load()
	n[ColH2TotalConnections] = h.Conns.Load()
	n[ColH2BackendTotalStreams] = h.Streams.Load()
}
