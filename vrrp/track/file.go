package track

import (
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"strconv"
	"strings"
	"syscall"
)

// File is one track_file.
type File struct {
	Name string
	Path string
	// Init writes Value into the file at start, if it does not exist or
	// Overwrite is set.
	Init      bool
	Value     int
	Overwrite bool
}

// maxFile is how much of a file is read: the number stands at the beginning.
const maxFile = 128

// errRange is a number that no int holds.
var errRange = errors.New("number out of range")

// parseValue reads the number that a file begins with, in the notation of C:
// blanks, a sign, 0x or 0 for other bases. What follows does not matter, and
// what is no number is 0.
func parseValue(data []byte) (int, error) {
	s := strings.TrimLeft(string(data), " \t\n\v\f\r")
	neg := strings.HasPrefix(s, "-")
	if neg || strings.HasPrefix(s, "+") {
		s = s[1:]
	}
	base, digits := 10, "0123456789"
	switch {
	case len(s) > 2 && (s[:2] == "0x" || s[:2] == "0X") && strings.IndexByte("0123456789abcdefABCDEF", s[2]) >= 0:
		base, digits, s = 16, "0123456789abcdefABCDEF", s[2:]
	case strings.HasPrefix(s, "0"):
		base, digits = 8, "01234567"
	}
	n := 0
	for n < len(s) && strings.IndexByte(digits, s[n]) >= 0 {
		n++
	}
	if n == 0 {
		return 0, nil
	}
	v, err := strconv.ParseUint(s[:n], base, 32)
	if err != nil || v > math.MaxInt32 {
		return 0, errRange
	}
	if neg {
		return -int(v), nil
	}
	return int(v), nil
}

// readFile reads the value of a file; one that does not exist has 0. Nothing is
// opened that could block.
func readFile(path string) (int, error) {
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return 0, nil
	}
	defer f.Close()
	if st, err := f.Stat(); err != nil || !st.Mode().IsRegular() {
		return 0, nil
	}
	data, err := io.ReadAll(io.LimitReader(f, maxFile))
	if err != nil {
		return 0, nil
	}
	v, err := parseValue(data)
	if err != nil {
		line, _, _ := strings.Cut(strings.TrimSpace(string(data)), "\n")
		line = strings.Map(func(r rune) rune {
			if r < ' ' || r > '~' {
				return '?'
			}
			return r
		}, line)
		return 0, fmt.Errorf("Invalid number %.40s read from %s - ignoring", line, path)
	}
	return v, nil
}

// prepare writes the first value of a file, if that is wanted. A link is not
// followed: the directory may be anybody's.
func (f *File) prepare() error {
	if !f.Init {
		return nil
	}
	flags := os.O_WRONLY | os.O_CREATE | os.O_EXCL
	if f.Overwrite {
		flags = os.O_WRONLY | os.O_CREATE | os.O_TRUNC
	}
	out, err := os.OpenFile(f.Path, flags|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0o644)
	if errors.Is(err, os.ErrExist) && !f.Overwrite {
		return nil
	}
	if err != nil {
		return fmt.Errorf("Unable to write initial value of track file %s: %w", f.Name, err)
	}
	_, err = fmt.Fprintf(out, "%d\n", f.Value)
	return errors.Join(err, out.Close())
}
