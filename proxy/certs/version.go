package certs

import (
	"crypto/tls"
	"slices"
)

// VersionNames are the protocol versions by the names that configurations
// use, oldest first. SSLv3 is a name only: nothing speaks it any more.
var VersionNames = []string{"SSLv3", "TLSv1.0", "TLSv1.1", "TLSv1.2", "TLSv1.3"}

// firstVersion is crypto/tls's number of VersionNames[1]; they follow one another.
const firstVersion = tls.VersionTLS10

// VersionWords are what a line says of protocol versions.
type VersionWords struct {
	Min, Max string   // ssl-min-ver, ssl-max-ver; force-… sets both
	Refused  []string // no-…
	Default  string   // lowest version where no word names one; "" is the oldest
}

// Versions is what follows from VersionWords (configuration manual 5.1,
// ssl-min-ver).
type Versions struct {
	Min, Max uint16 // crypto/tls's numbers
	Empty    bool   // no version is left
	Ignored  bool   // the no-… words stand beside ssl-min-ver or ssl-max-ver and say nothing
	Lowered  string // the version that Min was lowered to for Max; "" if it was not
	Hole     string // a version below Min that was refused while one below it was not
}

// Range works out the versions.
func (w VersionWords) Range() Versions {
	low, high := max(1, slices.Index(VersionNames, w.Default)), len(VersionNames)-1
	var v Versions
	if w.Min != "" || w.Max != "" {
		v.Ignored = len(w.Refused) > 0
		if w.Max != "" {
			high = slices.Index(VersionNames, w.Max)
		}
		switch {
		case w.Min != "":
			low = slices.Index(VersionNames, w.Min)
		case low > high:
			low, v.Lowered = high, w.Max
		}
		low = max(low, 1)
	} else {
		low, high, v.Hole = w.contiguous(low, high)
	}
	if low > high || high < 1 {
		v.Empty = true
		return v
	}
	v.Min, v.Max = firstVersion+uint16(low-1), firstVersion+uint16(high-1)
	return v
}

// contiguous takes refused versions out of low to high; behind a hole it
// begins again, so that the newest piece counts.
func (w VersionWords) contiguous(low, high int) (from, to int, hole string) {
	from, to = 1, 0
	refused := ""
	for i := low; i <= high; i++ {
		switch {
		case slices.Contains(w.Refused, VersionNames[i]):
			refused = VersionNames[i]
			continue
		case to == 0:
			from = i
		case refused != "":
			from, hole = i, refused
		}
		to, refused = i, ""
	}
	return from, to, hole
}
