package tx

// Cached is what caches have to do with a transaction: cache-use and
// cache-store write it, the engine acts on it. Objects and caches are those of
// the filter room.
type Cached struct {
	Name    string // of the cache that answered; "": none did
	From    any    // that cache
	Hit     any    // what it answers with
	Storing any    // the response that is being kept

	Key      [20]byte // of the request in every cache
	Keyed    bool
	MayStore bool // the request allows that its response is kept
	Unsafe   bool // the request may change what is kept
	Looked   bool // it was looked for, for the counters
	Hinted   bool // a 103 was sent

	// What responses may vary by; Varied says that all of it is known.
	Varied          bool
	Encodings       uint16
	Referer, Origin uint64
}

// Reset forgets what another look found.
func (c *Cached) Reset() { *c = Cached{} }
