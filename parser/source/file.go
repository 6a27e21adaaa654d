// Package source holds the bytes of configuration files and says where in
// them a thing stands. It knows no grammar: lexers make Words with Spans,
// and everything later reports against them.
package source

import (
	"bytes"
	"sort"
	"unsafe"
)

// File is one configuration file as it was read, never modified.
type File struct {
	Name string // as the user gave it: what messages print
	Data []byte

	lines []int32 // offset at which each line starts, built on first use
}

// New wraps data, which the caller must not change afterwards.
func New(name string, data []byte) *File {
	f := &File{Name: name, Data: data}
	f.lines = append(make([]int32, 0, 1+bytes.Count(data, []byte{'\n'})), 0)
	for i := 0; i < len(data); {
		n := bytes.IndexByte(data[i:], '\n')
		if n < 0 {
			break
		}
		i += n + 1
		f.lines = append(f.lines, int32(i))
	}
	return f
}

// Text returns Data as a string without copying it.
func (f *File) Text() string { return unsafe.String(unsafe.SliceData(f.Data), len(f.Data)) }

// Lines returns the number of lines; a file that ends in LF has no last empty line.
func (f *File) Lines() int {
	n := len(f.lines)
	if n > 0 && int(f.lines[n-1]) == len(f.Data) {
		n--
	}
	return n
}

// Line returns line n, counted from 1, without its LF; nil if there is none.
func (f *File) Line(n int) []byte {
	if n < 1 || n > len(f.lines) {
		return nil
	}
	end := len(f.Data)
	if n < len(f.lines) {
		end = int(f.lines[n]) - 1
	}
	return f.Data[f.lines[n-1]:end]
}

// LineStart returns the offset at which line n, counted from 1, begins.
func (f *File) LineStart(n int) int {
	if n < 1 || n > len(f.lines) {
		return len(f.Data)
	}
	return int(f.lines[n-1])
}

// Position returns the line and the column (in bytes) of an offset, both counted from 1.
func (f *File) Position(off int) (line, col int) {
	line = sort.Search(len(f.lines), func(i int) bool { return int(f.lines[i]) > off })
	return line, off - int(f.lines[line-1]) + 1
}
