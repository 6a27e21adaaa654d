package config

import (
	"fmt"
	"strconv"

	"tandem/parser/diag"
	"tandem/parser/expr"
	"tandem/parser/keyword"
	"tandem/proxy/filter"
)

// The cache section (configuration manual 6.2). Of wrong values the original
// says a WARNING and refuses the file all the same.

var cacheWords = keyword.NewTable("cache keyword", []*keyword.Def[Setting[Block]]{
	line(keyword.Cache, "total-max-size", 0, "Size in megabytes.", upTo(1, cacheSize)),
	line(keyword.Cache, "max-age", 0, "Longest life of an object in seconds.", upTo(1, cacheAge)),
	line(keyword.Cache, "max-object-size", 0, "Largest object in bytes.", upTo(1, cacheObject)),
	line(keyword.Cache, "process-vary", 0, "Follow Vary.", upTo(1, cacheSwitch)),
	line(keyword.Cache, "max-secondary-entries", 0, "Variants of one URL.", upTo(1, cacheEntries)),
	line(keyword.Cache, "early-hints", 0, "Send 103 while an object is fetched again.", cacheHints),
})

// cacheRefuse refuses the file with a WARNING, as the original does.
func cacheRefuse(e *keyword.Env, format string, args ...any) error {
	e.Warnf(diag.BadValue, -1, format, args...).Layout = diag.ParsingTight
	e.Diags.Refuse()
	keyword.Attached[*compiler](e).refused = true
	return errTold
}

// wrongNumber is what the original says of a value that is no number.
func wrongNumber(e *keyword.Env, v string) error {
	return cacheRefuse(e, "%s wrong value '%s'", e.Words[0].Text, v)
}

func cacheSize(e *keyword.Env, w []expr.Word) error {
	v := first(w)
	n, err := strconv.ParseUint(v, 10, 64)
	switch {
	case err != nil:
		return wrongNumber(e, v)
	case n > 4095:
		return cacheRefuse(e, "\"total-max-size\" (%s) must not be greater than 4095", v)
	}
	return nil
}

func cacheAge(e *keyword.Env, w []expr.Word) error {
	if len(w) == 0 {
		e.Warnf(diag.BadArguments, -1, "'max-age' expects an age parameter in seconds.").Layout = diag.ParsingTight
	}
	return nil
}

func cacheObject(e *keyword.Env, w []expr.Word) error {
	v := first(w)
	if v == "" {
		e.Warnf(diag.BadArguments, -1, "'max-object-size' expects a maximum file size parameter in bytes.").Layout = diag.ParsingTight
	}
	if _, err := strconv.ParseInt(v, 10, 64); err != nil {
		return wrongNumber(e, v)
	}
	return nil
}

func cacheSwitch(e *keyword.Env, w []expr.Word) error {
	const text = "'process-vary' expects \"on\" or \"off\" (enable or disable vary processing)."
	switch first(w) {
	case "on", "off":
		return nil
	case "":
		e.Warnf(diag.BadArguments, -1, text).Layout = diag.ParsingTight
	}
	return cacheRefuse(e, text)
}

func cacheEntries(e *keyword.Env, w []expr.Word) error {
	v := first(w)
	if v == "" {
		e.Warnf(diag.BadArguments, -1, "'max-secondary-entries' expects a strictly positive number.").Layout = diag.ParsingTight
	}
	if n, err := strconv.ParseInt(v, 10, 64); err != nil || n == 0 {
		return wrongNumber(e, v)
	}
	return nil
}

// cacheHints reads "{on|off|only} [ratio <n>]".
func cacheHints(e *keyword.Env, w []expr.Word) error {
	if v := first(w); v != "on" && v != "off" && v != "only" {
		return cacheRefuse(e, "'early-hints' expects \"on\", \"off\" or \"only\" (enable or disable HTTP 103 Early Hints support, or store only hints).")
	}
	if len(w) < 2 {
		return nil
	}
	const ratio = "'early-hints ratio' expects an integer argument between 1 and 99"
	switch {
	case w[1].Text != "ratio":
		return tightf(w[1].Index, "'early-hints' unexpected argument '%s', expected 'ratio'.", w[1].Text)
	case len(w) < 3:
		return tightf(-1, ratio+".")
	}
	if n, err := strconv.Atoi(w[2].Text); err != nil || n < 1 || n > 99 {
		return tightf(w[2].Index, ratio+", got '%s'.", w[2].Text)
	}
	return most(3)(e, w)
}

// checkCache refuses a cache without a size, or with objects too large for it.
func checkCache(c *compiler, b *Block) {
	size, object := int64(0), int64(0)
	set := filter.CacheSettings{MaxAge: 60, Variants: 10, HintRatio: 25}
	for _, l := range b.Lines {
		if len(l) < 2 {
			continue
		}
		switch n, _ := strconv.ParseInt(l[1], 10, 64); l[0] {
		case "total-max-size":
			size = n << 20
		case "max-object-size":
			object = n
		case "max-age":
			set.MaxAge = n
		case "max-secondary-entries":
			set.Variants = int(n)
		case "process-vary":
			set.Vary = l[1] == "on"
		case "early-hints":
			set.Hints, set.HintsOnly = l[1] != "off", l[1] == "only"
			if len(l) > 3 {
				set.HintRatio, _ = strconv.Atoi(l[3])
			}
		}
	}
	text := ""
	switch {
	case size == 0 && !c.refused:
		text = "Size not specified for cache '" + b.Name + "'"
	case size == 0:
		return
	case uint64(object) > uint64(size/2):
		text = fmt.Sprintf("\"max-object-size\" is limited to an half of \"total-max-size\" => %d", size/2)
	default:
		set.Size, set.MaxObject = size, object
		b.Cache = filter.NewCache(b.Name, set)
		return
	}
	c.diags.Alertf(diag.BadArguments, b.Span, "%s", text).Layout = diag.Bare
}
