package config

import (
	"fmt"
	"strconv"
	"strings"

	"tandem/parser/source"
)

// hexBytes reads bytes in hexadecimal, in groups between blanks; the last digit
// of a group of odd length is a byte of its own. With any, x is a digit that
// does not matter; mask has the bits that do.
func hexBytes(s string, any bool) (b, mask []byte, ok bool) {
	for group := range strings.FieldsSeq(s) {
		for len(group) > 0 {
			n := min(2, len(group))
			var v, m byte
			for _, c := range []byte(group[:n]) {
				v, m = v<<4, m<<4
				switch d, bad := strconv.ParseUint(string(c), 16, 8); {
				case bad == nil:
					v, m = v|byte(d), m|0xf
				case !any || c != 'x' && c != 'X':
					return nil, nil, false
				}
			}
			if n == 1 {
				m |= 0xf0
			}
			b, mask, group = append(b, v), append(mask, m), group[n:]
		}
	}
	return b, mask, true
}

// Fingerprint tells checks of one kind apart that do not do the same.
func (k *Checker) Fingerprint() string {
	x := *k
	x.At, x.rs, x.user, x.BFD, x.File, x.Script, x.URLs, x.Alpha, x.LogAll, x.Timing, x.refName = source.Span{}, nil, nil, nil, nil, nil, nil, nil, nil, Timing{}, nameAt{name: k.refName.name}
	out := fmt.Sprint(x)
	for _, u := range k.URLs {
		y := *u
		y.At = source.Span{}
		out += fmt.Sprint(y)
	}
	if s := k.Script; s != nil {
		out += fmt.Sprint(s.Path, s.Argv, s.Account)
	}
	return out
}
