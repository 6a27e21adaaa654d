package stats

// Kind tells the four sorts of statistics rows apart. The values are those of
// the column "type".
type Kind uint8

// Kinds of rows.
const (
	KindFrontend Kind = iota
	KindBackend
	KindServer
	KindListener
)

// KindSet is a set of kinds.
type KindSet uint8

// Sets of one kind each, and their union.
const (
	Frontends KindSet = 1 << KindFrontend
	Backends  KindSet = 1 << KindBackend
	Servers   KindSet = 1 << KindServer
	Listeners KindSet = 1 << KindListener
	All               = Frontends | Backends | Servers | Listeners
)

// Has tells whether k is in the set.
func (s KindSet) Has(k Kind) bool { return s&(1<<k) != 0 }

// String returns the name that JSON uses for the kind.
func (k Kind) String() string {
	switch k {
	case KindFrontend:
		return "Frontend"
	case KindBackend:
		return "Backend"
	case KindServer:
		return "Server"
	case KindListener:
		return "Listener"
	}
	return "Unknown"
}

// Scope returns the word that Prometheus metric names use for the kind.
func (k Kind) Scope() string {
	switch k {
	case KindFrontend:
		return "frontend"
	case KindBackend:
		return "backend"
	case KindServer:
		return "server"
	case KindListener:
		return "listener"
	}
	return "unknown"
}

// Type is the type of a value in the typed and JSON formats.
type Type uint8

// Types of values. S32 is the only one below zero (lastsess).
const (
	U32 Type = iota
	U64
	S32
	Str
)

// String returns the word of the typed format.
func (t Type) String() string { return [...]string{"u32", "u64", "s32", "str"}[t&3] }

// Column describes one column of the statistics.
type Column struct {
	Name  string  // name in the CSV header
	Kinds KindSet // kinds of rows that may fill it
	Type  Type
	// Tags is the nature of the value as four letters of the typed format:
	// origin, nature, scope, persistence (Management Guide 9.2).
	// ServerTags and BackendTags replace it for those kinds when not empty.
	Tags, ServerTags, BackendTags string
	// Prom is the metric's name without the "haproxy_<kind>_" in front;
	// empty when it is not exported. PromServer replaces it for servers.
	Prom, PromServer string
	Module           string // "h1", "h2", "ssl"; empty for the fixed columns
	Doc              string // one line for people
	// when tells whether a row of a fitting kind has a value; nil: always.
	when func(*Row) bool
}

// TagsFor returns the four tag letters for a row of kind k.
func (c *Column) TagsFor(k Kind) string {
	switch {
	case k == KindServer && c.ServerTags != "":
		return c.ServerTags
	case k == KindBackend && c.BackendTags != "":
		return c.BackendTags
	}
	return c.Tags
}

// Columns returns the table of all columns, in order.
func Columns() *[NumColumns]Column { return &columns }

var columns = mergeColumns(&firstColumns, &laterColumns, &moduleColumns)

func mergeColumns(parts ...*[NumColumns]Column) (all [NumColumns]Column) {
	for _, p := range parts {
		for i := range p {
			if p[i].Name != "" {
				all[i] = p[i]
			}
		}
	}
	return all
}

// Value is one typed value.
type Value struct {
	Type Type
	N    uint64 // for S32: the two's complement of an int32
	S    string
}

// AppendText appends the value as plain text.
func (v Value) AppendText(b []byte) []byte {
	switch v.Type {
	case Str:
		return append(b, v.S...)
	case S32:
		return appendInt(b, int64(int32(v.N)))
	case U32:
		return appendUint(b, uint64(uint32(v.N)))
	}
	return appendUint(b, v.N)
}
