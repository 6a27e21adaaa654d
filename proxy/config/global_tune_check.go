package config

import (
	"fmt"
	"strings"
	"time"

	"tandem/parser/expr"
	"tandem/parser/keyword"
)

// stickCounters takes 1 to 100, nothing stands for none.
func stickCounters(v string) (int64, string) {
	if v == "" || v == "0" {
		return 0, ""
	}
	n := laxInt(v)
	switch {
	case sizeRest(strings.TrimPrefix(v, "-")) != "":
		return 0, "%s: '" + v + "' is an invalid number"
	case n < 1 || n > 100:
		return 0, fmt.Sprintf("%%s: the number of stick-counters must be between 1 and 100 (was %d)", n)
	}
	return n, ""
}

// rxbuf takes a size whose refusal names the character.
func rxbuf(v string) (int64, string) {
	n, err := expr.ParseSize(v)
	if v == "" || err != nil {
		c := "\x00"
		if rest := sizeRest(v); rest != "" {
			c = rest[:1]
		}
		return 0, fmt.Sprintf("'%%s': unexpected character '%s' in size argument '%s'.", c, v)
	}
	return n, ""
}

// nice takes a priority from -20 to 19; nothing is 0.
func nice(v string) (int64, string) {
	if n := laxInt(v); v == "" || sizeRest(strings.TrimPrefix(v, "-")) == "" && n >= -20 && n <= 19 {
		return n, ""
	}
	return 0, "'%s' only supports values between -20 and 19 inclusive (was given " + v + ")"
}

// elasticity takes 0 or at least 100.
func elasticity(v string) (int64, string) {
	if n := laxInt(v); v != "" && sizeRest(v) == "" && (n == 0 || n >= 100) {
		return n, ""
	}
	return 0, "'%s' expects 0 or a positive percentage value of 100 or above"
}

// varSize takes a number of bytes that may be missing.
func varSize(v string) (int64, string) {
	if v == "" || v[0] == '-' {
		return 0, ""
	}
	if sizeRest(v) != "" {
		return 0, "%s: '" + v + "' is an invalid size"
	}
	return laxInt(v), ""
}

// dhParam takes at least 1024 bits.
func dhParam(v string) (int64, string) {
	n := laxInt(v)
	switch {
	case v == "":
		return 0, wantsInt
	case n >= 0 && n < 1024:
		return 0, "'%s' expects a value >= 1024."
	}
	return n, ""
}

func luaMem(v string) (int64, string) {
	if v == "" {
		return 0, "'%s' expects an integer argument (Lua memory size in MB)."
	}
	if rest := sizeRest(strings.TrimPrefix(v, "-")); rest != "" {
		return 0, fmt.Sprintf("%%s: invalid number %s (error at '%c')", v, rest[0])
	}
	return laxInt(v), ""
}

func luaNumber(v string) (int64, string) {
	if sizeRest(strings.TrimPrefix(v, "-")) != "" {
		return 0, "%s: invalid number"
	}
	return laxInt(v), ""
}

func luaTime(v string) (int64, string) {
	d, err := expr.ParseTime(v, time.Millisecond)
	if err != nil {
		return 0, "%s: invalid timeout"
	}
	return d.Milliseconds(), ""
}

var luaLibNames = []string{"all", "none", "table", "io", "os", "string", "math", "utf8", "package", "debug"}

func luaLibs(v string) (int64, string) {
	if v == "" {
		return 0, "'%s' expects 'all', 'none', or a comma-separated list of libraries: table,io,os,string,math,utf8,package,debug"
	}
	for _, w := range strings.Split(v, ",") {
		if indexOf(luaLibNames, w) < 0 {
			return 0, "'%s': unknown library '" + w + "', expected one of: all,none,table,io,os,string,math,utf8,package,debug"
		}
	}
	return 0, ""
}

// takeover takes the words of tune.idle-pool.shared's older name.
func takeover(v string) (int64, string) {
	for i, w := range []string{"none", "restricted", "full"} {
		if v == w {
			return int64(i), ""
		}
	}
	return 0, "'%s' expects 'none', 'restricted', or 'full'"
}

// streamsArgs is "<n> [rq-load|min …]".
type streamsArgs struct {
	n    int64
	mode string
}

// Usage is what messages say of the arguments.
func (streamsArgs) Usage() string { return "<n> [rq-load <n> | min <n>]*" }

// ParseArgs reads the number and the words behind it.
func (a *streamsArgs) ParseArgs(in *keyword.Args) error {
	w, i, _ := in.Next()
	if a.n = laxInt(w); a.n < 0 {
		return in.Env.Errorf(i, "'tune.h2.fe.max-concurrent-streams' expects a positive numeric value.")
	}
	for in.More() {
		w, i, _ := in.Next()
		if w != "rq-load" && w != "min" {
			return in.Env.Errorf(i, "'tune.h2.fe.max-concurrent-streams' only supports 'rq-load' or 'min' after the numeric value, but found '%s'.", w)
		}
		a.mode = w
		in.Next()
	}
	return nil
}

// maxStreams is the only tune.* word with several arguments.
var maxStreams = keyword.Define(keyword.Spec{
	Name: "tune.h2.fe.max-concurrent-streams", In: keyword.Global, Doc: "Streams per client connection.",
}, func(_ *keyword.Env, a *streamsArgs) (Setting[Global], error) {
	return func(g *Global) error { g.Tune["h2.fe.max-concurrent-streams"] = a.n; return nil }, nil
})
