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
