package track

// health is the state of a script by its results: fall failures in a row make
// it bad, rise successes in a row make it good. The first result decides at
// once.
type health struct {
	rise, fall int
	known      bool
	up         bool
	run        int // results in a row against the state
}

// result takes one result and says whether the state is a new one.
func (h *health) result(ok bool) (changed bool) {
	if !h.known {
		h.known, h.run = true, 0
		changed, h.up = true, ok
		return changed
	}
	if ok == h.up {
		h.run = 0
		return false
	}
	need := h.fall
	if ok {
		need = h.rise
	}
	if h.run++; h.run < need {
		return false
	}
	h.up, h.run = ok, 0
	return true
}
