package proxy

import (
	"fmt"
	"io"
)

// DumpKeywords prints the keyword tables of the given classes as -dK does.
func DumpKeywords(w io.Writer, classes string) error {
	return fmt.Errorf("-dK%s: not available yet", classes)
}
