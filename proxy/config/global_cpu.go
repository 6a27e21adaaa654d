package config

import (
	"errors"
	"os"
	"strconv"
	"strings"

	"tandem/parser/keyword"
)

// isRange says whether s is "N", "N-M" or, without an end, "N-".
func isRange(s string) bool {
	low, high, two := strings.Cut(s, "-")
	if _, err := strconv.Atoi(low); err != nil {
		return false
	}
	if !two || high == "" {
		return true
	}
	_, err := strconv.Atoi(high)
	return err == nil
}

var cpuSetWords = []string{"reset", "only-cpu", "drop-cpu", "only-node", "drop-node", "only-cluster", "drop-cluster", "only-core", "drop-core", "only-thread", "drop-thread"}

var cpuSet = keyword.Define(keyword.Spec{
	Name: "cpu-set", In: keyword.Global, Flags: tuning, Doc: "Which CPUs may be used.",
}, func(e *keyword.Env, a *restArgs) (Setting[Global], error) {
	list := "'" + strings.Join(cpuSetWords, "', '") + "'"
	switch {
	case len(a.Words) == 0:
		return nil, e.Errorf(-1, "'cpu-set' requires a directive and an optional value (only %s).", list)
	case indexOf(cpuSetWords, a.Words[0].Text) < 0:
		return nil, e.Errorf(a.Words[0].Index, "'cpu-set' passed an unknown directive '%s' (only %s).", a.Words[0].Text, list)
	}
	return nil, nil
})

var capabilities = []string{"cap_net_raw", "cap_net_admin", "cap_net_bind_service", "cap_sys_admin"}

var setCap = keyword.Define(keyword.Spec{
	Name: "setcap", In: keyword.Global, Flags: keyword.NotActed, Doc: "Capabilities kept after privileges were dropped.",
}, func(e *keyword.Env, a *optionalArgs) (Setting[Global], error) {
	list := " Supported ones are: " + strings.Join(capabilities, ", ")
	if a.Word == nil {
		return nil, e.Errorf(-1, "'setcap' : missing capability name(s). %s", list)
	}
	for _, w := range strings.Split(a.Word.Text, ",") {
		if indexOf(capabilities, w) < 0 {
			return nil, e.Errorf(a.Word.Index, "'setcap' : unsupported capability '%s'. %s", w, list)
		}
	}
	return nil, nil
})

// sysText is strerror's text of a failure to open a file.
func sysText(err error) string {
	switch {
	case errors.Is(err, os.ErrNotExist):
		return "No such file or directory"
	case errors.Is(err, os.ErrPermission):
		return "Permission denied"
	}
	var at *os.PathError
	if errors.As(err, &at) {
		s := at.Err.Error()
		return strings.ToUpper(s[:1]) + s[1:]
	}
	return err.Error()
}

// httpCodes makes the Def of the words that say which statuses count.
func httpCodes(name, what string, set func(*Global) *[600]bool) *keyword.Def[Setting[Global]] {
	return keyword.Define(keyword.Spec{Name: name, In: keyword.Global, Doc: "Statuses that count as " + what + ".",
		Misuse: "Missing status codes range for '" + name + "'."}, func(e *keyword.Env, a *wordsArgs) (Setting[Global], error) {
		type span struct {
			low, high int
			add       bool
		}
		var list []span
		fresh := true
		for _, w := range a.Words {
			for i, part := range strings.Split(w.Text, ",") {
				s, digits := span{add: true}, part
				if part != "" && (part[0] == '+' || part[0] == '-') {
					s.add, digits = part[0] == '+', part[1:]
					fresh = fresh && i > 0
				}
				if !isRange(digits) {
					return nil, e.Errorf(w.Index, "Invalid status codes range '%s' in '%s' at position %d. Ranges must be in the form [+-]{low[-{high}]}[,...].", w.Text, name, strings.Index(w.Text, part))
				}
				low, high, two := strings.Cut(digits, "-")
				s.low, _ = strconv.Atoi(low)
				if s.high = s.low; two {
					s.high, _ = strconv.Atoi(high)
				}
				if s.low < 100 || s.high > 599 || s.high < s.low {
					return nil, e.Errorf(w.Index, "Invalid status codes range '%s' in '%s'.\n Codes must be between 100 and 599 and ranges in ascending order.", w.Text, name)
				}
				list = append(list, s)
			}
		}
		return func(g *Global) error {
			codes := set(g)
			if fresh {
				*codes = [600]bool{}
			}
			for _, s := range list {
				for n := s.low; n <= s.high; n++ {
					codes[n] = s.add
				}
			}
			g.CodesSet = true
			return nil
		}, nil
	})
}
