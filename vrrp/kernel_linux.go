package vrrp

import "tandem/vrrp/netif"

func openKernel() (netif.Kernel, error) { return netif.Open() }
