package config

import (
	"slices"

	"tandem/parser/keyword"
	"tandem/proxy/balance"
)

// releases are the release series, oldest first.
var releases = []keyword.Version{
	keyword.V(1, 3), keyword.V(1, 4), keyword.V(1, 5), keyword.V(1, 6), keyword.V(1, 7), keyword.V(1, 8), keyword.V(1, 9),
	keyword.V(2, 0), keyword.V(2, 1), keyword.V(2, 2), keyword.V(2, 3), keyword.V(2, 4), keyword.V(2, 5), keyword.V(2, 6), keyword.V(2, 7), keyword.V(2, 8), keyword.V(2, 9),
	keyword.V(3, 0), keyword.V(3, 1), keyword.V(3, 2), keyword.V(3, 3), keyword.V(3, 4), keyword.V(3, 5),
}

// Dropped are the releases that dropped what some lines that are no keywords
// of their own use: what was read must be dated by hand.
var (
	droppedSectionAddress = keyword.V(1, 6)
	droppedSameServer     = keyword.V(2, 0)
	droppedHealth         = keyword.V(2, 3)
	droppedAliases        = keyword.V(2, 5)
	droppedNoFinalLF      = keyword.V(2, 3)
	droppedSameName       = keyword.V(3, 3)
	droppedMails          = keyword.V(3, 3)
)

// randomSince is the release whose backends balance by random(2) where nothing
// else is said; before, they took turns.
var randomSince = keyword.V(3, 3)

// defaultBalance is the algorithm of backends that name none, in the era of
// the text: a file that says by its words how old it is keeps what it had.
func (c *compiler) defaultBalance() *balance.Algorithm {
	if c.cfg.Era < randomSince {
		return balance.Rotation()
	}
	return balance.Default()
}

// reuseSince is the release that shares connections to servers between clients
// where nothing else is said; before, each client had its own.
var reuseSince = keyword.V(1, 9)

// defaultReuse is the "http-reuse" of backends that have none.
func (c *compiler) defaultReuse() string {
	if c.cfg.Era < reuseSince {
		return "never"
	}
	return "safe"
}

// eraDefault is a default that a release changed.
type eraDefault struct {
	since    keyword.Version
	was, now string // what was so before it, and is since
	kept     bool   // files of before keep it here
}

// eraDefaults are the changed defaults that a user of an old file could meet.
// Kept are those without which a file would do something else; those that only
// made things stricter, quicker or larger are of today for all.
var eraDefaults = []eraDefault{
	{keyword.V(3, 3), "balance roundrobin", "balance random(2)", true},
	{keyword.V(1, 9), "http-reuse never", "http-reuse safe", true},
	{keyword.V(1, 6), "requests of HTTP/0.9 are accepted", "they are refused", true},
	{keyword.V(3, 3), "no option abortonclose", "option abortonclose", false},
	{keyword.V(3, 3), "no server name sent to TLS servers", "that of the Host field is (no-sni-auto)", false},
	{keyword.V(2, 8), "no ALPN on TLS listeners", "alpn h2,http/1.1", false},
	{keyword.V(2, 2), "ssl-min-ver TLSv1.0", "ssl-min-ver TLSv1.2", false},
	{keyword.V(2, 0), "maxconn 2000 in each frontend", "that of the global section", false},
	{keyword.V(2, 0), "names of header fields as they were written", "in lower case (h1-case-adjust)", false},
	{keyword.V(2, 0), "error pages in HTTP/1.0 that close the connection", "in HTTP/1.1 with a length", false},
	{keyword.V(1, 5), "the first request and response alone are looked at (tunnel)", "option http-keep-alive", false},
}

// EraNotes says, line by line, which defaults of the era of the text hold here
// and which are of today; nil for a file of today.
func (c *Config) EraNotes() []string {
	var out []string
	for _, d := range eraDefaults {
		switch {
		case c.Era >= d.since:
		case d.kept:
			out = append(out, "Kept from before "+d.since.String()+": "+d.was+" (since then: "+d.now+")")
		default:
			out = append(out, "Not kept from before "+d.since.String()+": "+d.was+"; here: "+d.now)
		}
	}
	return out
}

// dropped notes that a line uses what a release dropped.
func (c *compiler) dropped(in keyword.Version) {
	if in != 0 && (c.until == 0 || in < c.until) {
		c.until = in
	}
}

// era is the newest release that would have taken all lines: the one before
// the first that dropped something they use.
func (c *compiler) era() keyword.Version {
	i := slices.Index(releases, c.until)
	switch {
	case c.until == 0:
		return releases[len(releases)-1]
	case i <= 0:
		return releases[0]
	}
	return releases[i-1]
}
