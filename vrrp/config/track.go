package config

import (
	"strings"

	"tandem/parser/expr"
	"tandem/parser/keyword"
	"tandem/parser/source"
)

// trackFields are the track_* blocks that instances and sync groups share.
func trackFields[T any](of func(*T) *Tracks) []def[T] {
	v := keyword.V
	return []def[T]{
		list(kw("track_interface", 0, "Interfaces whose loss means fault or a lower priority."), func(c *compiler, t *T, w []expr.Word) {
			c.trackInterface(labelOf(t), of(t), w)
		}),
		list(kw("track_script", v(1, 1), "Scripts whose failure means fault or a lower priority."), func(c *compiler, t *T, w []expr.Word) {
			trackLine(c, labelOf(t), &scriptWords, w, scriptNamed(c), &of(t).Scripts)
		}),
		list(kw("track_file", v(1, 3), "Files whose number changes the priority."), func(c *compiler, t *T, w []expr.Word) {
			trackLine(c, labelOf(t), &fileWords, w, fileNamed(c), &of(t).Files)
		}),
		list(kw("track_process", v(2, 0), "Processes whose absence means fault or a lower priority."), func(c *compiler, t *T, w []expr.Word) {
			trackLine(c, labelOf(t), &processWords, w, processNamed(c), &of(t).Procs)
		}),
		list(kw("track_bfd", v(2, 0), "BFD sessions whose loss means fault or a lower priority."), func(c *compiler, t *T, w []expr.Word) {
			trackLine(c, labelOf(t), &bfdWords, w, bfdNamed(c), &of(t).BFDs)
		}),
	}
}

// trackInterface reads "IF [weight W [reverse]]".
func (c *compiler) trackInterface(owner string, t *Tracks, w []expr.Word) {
	name := w[0].Text
	tr := Tracked[string]{Target: name, Name: name, At: c.env.LineSpan()}
	if !c.opt.HasInterface(name) && !c.cfg.Global.DynamicInterfaces {
		c.sayAt(0, "(%s) tracked interface %s doesn't exist", owner, name)
		c.badInterface = true
		return
	}
	for _, o := range t.Interfaces {
		if o.Name == name {
			c.sayAt(0, "(%s) duplicate track_interface %s - ignoring", owner, name)
			return
		}
	}
	for k := 1; k < len(w); k++ {
		if w[k].Text != "weight" {
			c.sayAt(k, "(%s) unknown track_interface %s option %s - ignoring", owner, name, w[k].Text)
			break
		}
		if k+1 >= len(w) {
			c.sayAt(k, "(%s) weight without value specified for track_interface %s - ignoring", owner, name)
			break
		}
		k++
		n, ok := c.integer(w[k], -254, 254)
		if !ok {
			c.sayAt(k, "(%s) weight %s for %s must be between [-253..253] inclusive. Ignoring...", owner, w[k].Text, name)
			break
		}
		tr.Weight, tr.Set = c.clampWeight(owner, name, k, int(n)), true
		if k+1 < len(w) {
			k++
			if w[k].Text != "reverse" {
				c.sayAt(k, "(%s) unknown track_interace %s weight option %s - ignoring", owner, name, w[k].Text)
				break
			}
			tr.Reverse = true
		}
	}
	t.Interfaces = append(t.Interfaces, tr)
}

// clampWeight brings ±254 to ±253.
func (c *compiler) clampWeight(owner, name string, k, n int) int {
	if n == 254 || n == -254 {
		c.sayAt(k, "(%s) weight for %s cannot be +/-254. Setting to +/-253", owner, name)
		return n / 254 * 253
	}
	return n
}

// trackWords are the words in which the original speaks of one kind of tracked thing.
type trackWords struct {
	kind      string // "script": "(V) track script X not found, ignoring..."
	block     string // "track_script": "duplicate track_script X"
	limit     int64
	badWeight string // {kind}, {name}
	badOption string // after the weight
	unknown   string // any other word
	clamp     bool
}

var (
	scriptWords = trackWords{"script", "track_script", 254, "track script {name}: weight must be between [-253..253] inclusive, ignoring...",
		"unknown track_script {name} weight option {value} - ignoring", "unknown track script option {value} - ignoring", true}
	fileWords = trackWords{"file", "track_file", 254, "weight for track file {name} must be in [-254..254] inclusive. Ignoring...",
		"unknown track file {name} weight option {value} - ignoring", "unknown track file option {value} - ignoring", false}
	processWords = trackWords{"process", "track_process", 254, "weight for track process {name} must be in [-254..254] inclusive. Ignoring...",
		"unknown track_process {name} weight option {value} - ignoring", "unknown track process option {value} - ignoring", false}
	bfdWords = trackWords{"bfd", "track_bfd", 253, "weight for track bfd {name} must be in [-253..253] inclusive. Ignoring...",
		"unknown track bfd {name} weight option {value} - ignoring", "unknown track bfd {name} option {value} - ignoring", false}
)

// found is a tracked thing with its own weight.
type found[T any] struct {
	target  T
	weight  int
	reverse bool
}

// trackLine reads "NAME [weight W [reverse|noreverse]]". The name may refer to
// a block further down, so it is looked up when all was read.
func trackLine[T any](c *compiler, owner string, t *trackWords, w []expr.Word, find func(string) (found[T], bool), to *[]Tracked[T]) {
	name := w[0].Text
	words := append([]source.Word(nil), c.env.Words...)
	f, ok := find(name)
	if !ok && t.kind == "bfd" && c.bfdSeen[name] {
		return // refused when it was read, which was said
	}
	if !ok {
		c.sayAt(0, "(%s) track %s %s not found, ignoring...", owner, t.kind, name)
		return
	}
	for _, o := range *to {
		if o.Name == name {
			c.sayAt(0, "(%s) duplicate %s %s - ignoring", owner, t.block, name)
			return
		}
	}
	tr := Tracked[T]{Target: f.target, Weight: f.weight, Reverse: f.reverse, Name: name, At: words[0].Span}
	c.trackWeight(owner, t, w, &tr.Reverse, func(n int) { tr.Weight, tr.Set = n, true })
	*to = append(*to, tr)
}

// trackWeight reads what follows the name of a tracked thing. A weight is
// reversed if the thing itself says so, until "noreverse".
func (c *compiler) trackWeight(owner string, t *trackWords, w []expr.Word, reverse *bool, set func(n int)) {
	name := w[0].Text
	put := func(text, value string) string {
		return strings.NewReplacer("{name}", name, "{value}", value).Replace(text)
	}
	if len(w) < 2 {
		return
	}
	if w[1].Text != "weight" {
		c.sayAt(1, "(%s) %s", owner, put(t.unknown, w[1].Text))
		return
	}
	if len(w) < 3 {
		c.sayAt(1, "(%s) weight without value specified for track %s %s - ignoring", owner, t.kind, name)
		return
	}
	n, ok := c.integer(w[2], -t.limit, t.limit)
	if !ok {
		c.sayAt(2, "(%s) %s", owner, put(t.badWeight, w[2].Text))
		return
	}
	if t.clamp {
		n = int64(c.clampWeight(owner, name, 2, int(n)))
	}
	if len(w) > 3 {
		switch w[3].Text {
		case "reverse":
			*reverse = true
		case "noreverse":
			*reverse = false
		default:
			c.sayAt(3, "(%s) %s", owner, put(t.badOption, w[3].Text))
		}
	}
	set(int(n))
}

func scriptNamed(c *compiler) func(string) (found[*Script], bool) {
	return func(name string) (found[*Script], bool) {
		for _, s := range c.cfg.Scripts {
			if s.Name == name {
				s.Used = true
				return found[*Script]{s, s.Weight, s.Reverse}, true
			}
		}
		return found[*Script]{}, false
	}
}

func fileNamed(c *compiler) func(string) (found[*TrackFile], bool) {
	return func(name string) (found[*TrackFile], bool) {
		for _, s := range c.cfg.TrackFiles {
			if s.Name == name {
				s.Used = true
				return found[*TrackFile]{s, s.Weight, s.Reverse}, true
			}
		}
		return found[*TrackFile]{}, false
	}
}

func processNamed(c *compiler) func(string) (found[*TrackProcess], bool) {
	return func(name string) (found[*TrackProcess], bool) {
		for _, s := range c.cfg.TrackProcs {
			if s.Name == name {
				s.Used = true
				return found[*TrackProcess]{s, s.Weight, s.Reverse}, true
			}
		}
		return found[*TrackProcess]{}, false
	}
}

func bfdNamed(c *compiler) func(string) (found[*BFD], bool) {
	return func(name string) (found[*BFD], bool) {
		for _, s := range c.cfg.BFDs {
			if s.Name == name {
				return found[*BFD]{s, s.Weight, s.Reverse}, true
			}
		}
		return found[*BFD]{}, false
	}
}
