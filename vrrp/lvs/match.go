package lvs

import (
	"fmt"
	"time"

	"github.com/dlclark/regexp2"
)

// matchTime is how long one search may take: patterns come from the
// configuration, but pages do not.
const matchTime = time.Second

// matchOptions are those of regex_options that mean something here.
var matchOptions = map[string]regexp2.RegexOptions{
	"caseless": regexp2.IgnoreCase, "dotall": regexp2.Singleline, "multiline": regexp2.Multiline, "extended": regexp2.IgnorePatternWhitespace,
	"no_auto_capture": regexp2.ExplicitCapture,
}

// MatchOption says whether a word of regex_options is acted on.
func MatchOption(name string) bool { _, ok := matchOptions[name]; return ok }

// CompileMatch makes the search of a page for a pattern. A match must begin
// between min and max; max 0 is no limit. With not it must not be there.
func CompileMatch(pattern string, options []string, not bool, min, max int) (func([]byte) bool, error) {
	var opt regexp2.RegexOptions
	for _, o := range options {
		opt |= matchOptions[o]
	}
	re, err := regexp2.Compile(pattern, opt)
	if err != nil {
		return func([]byte) bool { return false }, fmt.Errorf("Invalid regex: '%s': %w", pattern, err)
	}
	re.MatchTimeout = matchTime
	return func(body []byte) bool {
		// Latin-1 keeps places and bytes the same.
		text := make([]rune, len(body))
		for i, b := range body {
			text[i] = rune(b)
		}
		found := false
		if min <= len(text) {
			m, err := re.FindRunesMatchStartingAt(text, min)
			found = err == nil && m != nil && (max == 0 || m.Index <= max)
		}
		return found != not
	}, nil
}
