// Package keyword says what a keyword IS: one Go value that holds its name,
// where it may stand, since when, its grammar and what it makes. Everything
// else (parsing, arity texts, usage, suggestions, dumps, reference, fuzz
// dictionaries) is derived from that value.
package keyword

// Spec is what is known of a keyword before any line is read.
type Spec struct {
	Name    string  // as typed, words joined by one blank: "timeout client"; the grep target
	In      Scope   // where it may stand
	Since   Version // first release that accepts it; zero: all that we emulate
	Until   Version // first release that refuses it; zero: none
	Flags   Flags
	Doc     string // one sentence
	Instead string // for words with Until or Deprecated: the modern line to write, " @" and where if not here
	Refusal string // for words with Until: the newest release's text, "$1" being the first argument; empty: it does not know the word
	Misuse  string // the original's text for wrong arguments; empty: derived from the grammar
	Needs   string // capability note printed by the reference ("Linux", "root")
}

// Flags are the yes/no properties of a keyword.
type Flags uint16

// Flags of a keyword.
const (
	Deprecated   Flags = 1 << iota // still accepted by the newest release, which warns
	Experimental                   // needs expose-experimental-directives
	Prefix                         // Name ends in "(" and what follows belongs to the word: "set-map("
	No                             // takes the prefixes "no" and "default"
	NotDumped                      // known, but absent from the original's -dK dump
	NotActed                       // accepted with a WARNING: no effect in this program yet
	Refused                        // known, refused: faking it would be unsafe
	Open                           // the build function checks the end of the line itself
	TightRefusal                   // Refusal is printed in the layout without a blank behind the place
	Tuning                         // sizes the original's internals; has no counterpart here and no effect a peer could see
)

// Has says whether all flags of g are set.
func (f Flags) Has(g Flags) bool { return f&g == g }

// Scope is the set of places in which a keyword may stand. Keepalived's
// blocks have one table each and use no scope.
type Scope uint64

// Places of haproxy's language: sections first, then the inner languages.
const (
	Global Scope = 1 << iota
	Defaults
	Frontend
	Backend
	Userlist
	Peers
	Resolvers
	Mailers
	Cache
	HTTPErrors
	Ring
	LogForward
	LogProfile
	FCGIApp
	CrtStore
	Traces
	Healthcheck
	Program
	Namespaces
	Acme
	SPOE
	HTTPRequest
	HTTPResponse
	HTTPAfterResponse
	TCPConnection
	TCPSession
	TCPContent
	TCPResponse
	QUICInitial
	BindLine
	ServerLine
	HTTPCheck
	TCPCheck
	NamedDefaults // with Defaults: only where the defaults section has a name

	// Listen is a proxy with both sides.
	Listen = Frontend | Backend
	// AnyProxy is every proxy section and its defaults.
	AnyProxy = Defaults | Frontend | Backend
	// AnyRule is every rule set that has actions.
	AnyRule = HTTPRequest | HTTPResponse | HTTPAfterResponse | TCPConnection | TCPSession | TCPContent | TCPResponse
)

// Version is a release series as major<<8 | minor; zero means "none".
type Version uint16

// V makes the Version of a release series.
func V(major, minor int) Version { return Version(major<<8 | minor) }

// String prints "3.5", or "" for none.
func (v Version) String() string {
	if v == 0 {
		return ""
	}
	return itoa(int(v>>8)) + "." + itoa(int(v&0xff))
}

func itoa(n int) string {
	if n >= 10 {
		return itoa(n/10) + string(rune('0'+n%10))
	}
	return string(rune('0' + n))
}
