package config

import (
	"encoding/hex"
	"os"
	"strings"
	"time"

	"tandem/parser/expr"
	"tandem/parser/keyword"
)

func instanceAuth() []def[Instance] {
	v := keyword.V
	return []def[Instance]{
		block(kw("authentication", 0, "Version 2 authentication."), authTable, func(c *compiler, i *Instance) *Instance { return i }),
		action(kw("auth_hmac", v(2, 4), "Authenticate version 3 adverts."), func(c *compiler, i *Instance) {
			i.hmacGiven = true
			i.HMAC = &HMAC{Mode: "enforce", At: c.env.LineSpan(), owner: i.Name}
			runBlock(c, hmacTable, i.HMAC, false)
			h := i.HMAC
			for _, k := range h.Keys {
				if k.ID == h.Active {
					return
				}
			}
			i.HMAC = nil
			c.hmacLater = append(c.hmacLater, func() {
				c.lateAt(h.At, "(%s) auth_hmac active_key %d is not defined, disabling extension", i.Name, h.Active)
			})
		}),
	}
}

var authTable = keyword.NewTable("authentication keyword", []def[Instance]{
	text(kw("auth_type", 0, "PASS or AH."), func(c *compiler, i *Instance, s string) {
		switch s {
		case "PASS":
			i.AuthType = AuthPass
		case "AH":
			i.AuthType = AuthAH
		default:
			c.sayAt(1, "(%s) unknown authentication type '%s'", i.Name, s)
		}
	}),
	text(kw("auth_pass", 0, "Password, up to 8 characters."), func(c *compiler, i *Instance, s string) {
		if len(s) > 8 {
			c.sayAt(1, "Truncating auth_pass to 8 characters")
			s = s[:8]
		}
		i.AuthPass = [8]byte{}
		copy(i.AuthPass[:], s)
	}),
})

func (h *HMAC) label() string { return h.owner }

var hmacTable = keyword.NewTable("auth_hmac keyword", []def[HMAC]{
	words(kw("key", keyword.V(2, 4), "A key: its number, and hex:…, file:… or 32 to 64 characters."), hmacKey),
	number(kw("active_key", keyword.V(2, 4), "The key that adverts are sent with."), 1, 255, "({name}) auth_hmac active_key '{value}' must be between 1 and 255",
		func(_ *compiler, h *HMAC, n int64) { h.Active = uint8(n) }),
	text(kw("anti_replay", keyword.V(2, 4), "time or monotonic."), func(c *compiler, h *HMAC, s string) {
		if s != "time" && s != "monotonic" {
			c.sayAt(1, "(%s) auth_hmac anti_replay '%s' must be time or monotonic", h.owner, s)
			return
		}
		h.Monotonic = s == "monotonic"
	}),
	number(kw("time_window", keyword.V(2, 4), "Seconds by which clocks may differ."), 1, 300, "({name}) auth_hmac time_window '{value}' must be between 1 and 300 seconds",
		func(_ *compiler, h *HMAC, n int64) { h.Window = time.Duration(n) * time.Second }),
	text(kw("mode", keyword.V(2, 4), "enforce, permissive or receive-only."), func(c *compiler, h *HMAC, s string) {
		if s != "enforce" && s != "permissive" && s != "receive-only" {
			c.sayAt(1, "(%s) auth_hmac mode '%s' must be enforce, permissive or receive-only", h.owner, s)
			return
		}
		h.Mode = s
	}),
})

// hmacKey reads "key ID SECRET".
func hmacKey(c *compiler, h *HMAC, w []expr.Word) {
	if len(w) < 2 {
		c.say("(%s) auth_hmac key needs an id and a value", h.owner)
		return
	}
	id, ok := c.integer(w[0], 1, 255)
	if !ok {
		c.sayAt(1, "(%s) auth_hmac key id '%s' must be between 1 and 255", h.owner, w[0].Text)
		return
	}
	secret := []byte(w[1].Text)
	if s, found := strings.CutPrefix(w[1].Text, "hex:"); found {
		b, err := hex.DecodeString(s)
		if err != nil {
			b = nil
		}
		secret = b
	} else if s, found := strings.CutPrefix(w[1].Text, "file:"); found {
		b, err := os.ReadFile(s)
		if err != nil {
			c.sayAt(2, "(%s) auth_hmac key file '%s' cannot be opened", h.owner, s)
		}
		secret = []byte(strings.TrimRight(string(b), "\r\n"))
	}
	if n := len(secret); n < 32 || n > 64 {
		c.sayAt(2, "(%s) auth_hmac key %d length %d not in range [32, 64]", h.owner, id, n)
		return
	}
	for _, k := range h.Keys {
		if int64(k.ID) == id {
			c.sayAt(1, "(%s) duplicate auth_hmac key id %d", h.owner, id)
			return
		}
	}
	h.Keys = append(h.Keys, HMACKey{ID: uint8(id), Secret: secret})
}
