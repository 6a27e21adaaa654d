package filter

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"io"
	"slices"
)

// Show writes what "show cache" prints of a cache (management guide 9.3).
func (c *Cache) Show(w io.Writer, now int64) {
	c.mu.Lock()
	lines := make([]*Object, 0, len(c.entries))
	text := map[*Object]string{}
	for _, o := range c.entries {
		for ; o != nil; o = o.nextVariant {
			if o.complete && o.expire > now {
				lines = append(lines, o)
				text[o] = o.show(now)
			}
		}
	}
	free := c.blocks - c.hot
	c.mu.Unlock()
	// The original keeps eight trees, each ordered by the hash.
	slices.SortStableFunc(lines, func(a, b *Object) int {
		x, y := a.number(), b.number()
		return cmp.Or(cmp.Compare(x%8, y%8), cmp.Compare(x, y))
	})
	fmt.Fprintf(w, "%p: %s (shctx:%p, available blocks:%d)\n", c, c.Name, &c.entries, free)
	for _, o := range lines {
		fmt.Fprintln(w, text[o])
	}
}

// number is the part of the hash that is printed.
func (o *Object) number() uint32 { return binary.LittleEndian.Uint32(o.key[:]) }

func (o *Object) show(now int64) string {
	kind := "full"
	if o.hintOnly {
		kind = "hints"
	}
	var vary [20]byte
	binary.LittleEndian.PutUint32(vary[:], uint32(o.vary.encodings))
	binary.LittleEndian.PutUint64(vary[4:], o.vary.referer)
	binary.LittleEndian.PutUint64(vary[12:], o.vary.origin)
	return fmt.Sprintf("%p hash:%d vary:0x%x type:%s size:%d (%d blocks), refcount:%d, expire:%d", o, o.number(), vary, kind, o.size, o.blocks, o.refs, o.expire-now)
}
