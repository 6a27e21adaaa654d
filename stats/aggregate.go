package stats

// Aggregate fills AggServer and AggCheck of every backend row from the server
// rows of the same proxy, for the haproxy_backend_agg_* metrics. A
// backend without servers gets none.
func Aggregate(rows []Row) {
	servers := map[uint32][2]map[string]uint32{}
	for i := range rows {
		r := &rows[i]
		if r.Kind != KindServer {
			continue
		}
		m, ok := servers[r.ProxyID]
		if !ok {
			m = [2]map[string]uint32{{}, {}}
			servers[r.ProxyID] = m
		}
		m[0][r.State.metric(KindServer)]++
		if r.Check.known() {
			m[1][r.Check.Status]++
		}
	}
	for i := range rows {
		if r := &rows[i]; r.Kind == KindBackend {
			m := servers[r.ProxyID]
			r.AggServer, r.AggCheck = m[0], m[1]
		}
	}
}
