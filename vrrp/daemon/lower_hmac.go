package daemon

import (
	"time"

	"tandem/vrrp/config"
	"tandem/vrrp/packet"
)

// leastWindow is the least time_window that is taken where none is given.
const leastWindow = 5 * time.Second

// hmacOf is auth_hmac of an instance; nil: it has none.
func hmacOf(c *config.Instance) *packet.HMAC {
	h := c.HMAC
	if h == nil {
		return nil
	}
	out := &packet.HMAC{Keys: map[uint8][]byte{}, Active: h.Active, Enforce: h.Mode == "enforce", Silent: h.Mode == "receive-only"}
	for _, k := range h.Keys {
		out.Keys[k.ID] = k.Secret
	}
	if !h.Monotonic {
		if out.Window = h.Window; out.Window == 0 {
			out.Window = max(3*c.AdvertInterval.Truncate(time.Second), leastWindow)
		}
	}
	return out
}
