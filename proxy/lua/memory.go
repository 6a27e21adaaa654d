package lua

import "runtime/metrics"

// memory watches how much the scripts of a state hold. The machine counts
// nothing itself, so the heap as a whole is looked at: what it grew by since
// the run began is taken for the run's. That errs on the side of ending a run
// that allocates much at once; a script cannot take the process's memory.
type memory struct {
	samples [1]metrics.Sample
	base    uint64
	owner   *run
}

// lookMemory ends the run where the heap grew by more than the limit while it ran.
func (r *run) lookMemory() {
	limit := r.st.m.Opt.MaxMem << 20
	if limit <= 0 {
		return
	}
	w := &r.st.memory
	w.samples[0].Name = "/memory/classes/heap/objects:bytes"
	metrics.Read(w.samples[:])
	now := w.samples[0].Value.Uint64()
	if w.owner != r || now < w.base {
		w.owner, w.base = r, now
		return
	}
	if now-w.base > uint64(limit) {
		r.expired = errMemory
	}
}
