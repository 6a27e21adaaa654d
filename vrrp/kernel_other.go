//go:build !linux

package vrrp

import (
	"tandem/vrrp/netif"
	"tandem/vrrp/wire"
)

func openKernel() (netif.Kernel, error) { return nil, wire.ErrUnsupported }
