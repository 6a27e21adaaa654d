package listen

// NewBind returns a bind line with its defaults for the given addresses.
func NewBind(addrs []string) *Bind { return &Bind{Addrs: addrs, UID: -1, GID: -1} }
