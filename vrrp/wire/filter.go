package wire

import "golang.org/x/net/bpf"

// vridFilter is a classic BPF program that accepts VRRP messages about one of
// the VRIDs. ipHeader says that the data begin with an IPv4 header, possibly
// followed by an Authentication Header of ah bytes.
func vridFilter(vrids []uint8, ipHeader bool, ah int) ([]bpf.RawInstruction, error) {
	var prog []bpf.Instruction
	off := uint32(ah + 1)
	if ipHeader {
		prog = append(prog,
			bpf.LoadMemShift{Off: 0}, // X = IP header length
			bpf.LoadIndirect{Off: off, Size: 1})
	} else {
		prog = append(prog, bpf.LoadAbsolute{Off: off, Size: 1})
	}
	// Each comparison jumps to the next one or falls into "accept": jumps are
	// eight bits wide, so that one final label could be out of reach.
	for _, v := range vrids {
		prog = append(prog,
			bpf.JumpIf{Cond: bpf.JumpNotEqual, Val: uint32(v), SkipTrue: 1},
			bpf.RetConstant{Val: 0xffff})
	}
	prog = append(prog, bpf.RetConstant{Val: 0})
	return bpf.Assemble(prog)
}
