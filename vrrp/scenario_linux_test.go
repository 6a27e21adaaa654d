package vrrp_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// scenarios says which tests play the numbered scenarios of the plan that this
// package is held to, TestPair… in all four pairings of ours and the
// original, the others one program after the other, comparing them.
var scenarios = []struct {
	number int
	name   string
	tests  string
}{
	{1, "elect_basic_v2", "TestPairElect"},
	{2, "elect_v3_ipv4", "TestPairTakeover"},
	{3, "elect_v3_ipv6", "TestPairIPv6"},
	{4, "auth_pass_ok", "TestPairElect"},
	{5, "auth_pass_mismatch", "TestPairPasswordDiffers"},
	{6, "auth_ah", "TestPairElect"},
	{7, "prio0_takeover_skew", "TestPairTakeover"},
	{8, "crash_takeover_distribution", "TestTakeoverTimes"},
	{9, "fast_v3_100ms and 10ms", "TestTakeoverTimes"},
	{10, "link_down_master", "TestPairLinkAndAddress"},
	{11, "stop_child_only respawn", "TestPairChildKilled"},
	{12, "parent_kill9 pdeathsig", "TestPairParentKilled"},
	{13, "preempt_default", "TestPairTakeover"},
	{14, "nopreempt", "TestPairPreempt"},
	{15, "preempt_delay", "TestPairPreempt"},
	{16, "state_MASTER_non_owner", "TestPairStateMaster"},
	{17, "owner_255, duplicate owners", "TestPairOwner TestPairOwners"},
	{18, "equal_prio_higher_ip", "TestPairTie"},
	{19, "lower_prio_advert_forces_election", "TestPairLower"},
	{20, "lower_prio_no_advert, higher_prio_send_advert", "TestPairLower TestPairHigher"},
	{21, "unicast", "TestPairUnicast TestSameBytes"},
	{24, "sync_group two interfaces", "TestPairGroup TestSameNotices"},
	{25, "track_script_weight_dual_master", "TestPairDualMaster TestTrafficGoesOn TestTutorialPair"},
	{26, "track_script_weight0_FAULT, counts, timeout", "TestPairScriptFault TestPairScriptCounts TestPairScriptTimeout"},
	{27, "track_interface", "TestPairTrackInterface"},
	{28, "track_file", "TestPairTrackFile TestSameNotices"},
	{30, "garp_seen_by_third_host, schedules", "TestPairAnnounced TestAnnouncements"},
	{31, "vmac_macvlan", "TestPairVMAC TestSameVMAC TestSameBytes"},
	{32, "advert_byte_identity", "TestSameBytes"},
	{33, "garp and na frame identity", "TestSameBytes"},
	{34, "malformed_packets", "TestMalformed TestMalformedMaster TestFlood"},
	{35, "vip_external_delete, static back, source removed", "TestPairLinkAndAddress TestPairStaticBack TestPairSourceLost"},
	{36, "reload", "TestPairReload TestPairReloads TestPairHangUps"},
	{38, "notify argv, FIFO, users, quoting, mail", "TestSameScripts TestSameNotices TestPairDualMaster"},
	{41, "usr1, usr2", "TestProcess TestMalformed TestData"},
	{42, "scale_255", "TestManyInstances"},
	{43, "split_brain", "TestPairSplitBrain"},
}

// TestScenarios holds the table against the tests that exist.
func TestScenarios(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("*_test.go")
	if err != nil {
		t.Fatal(err)
	}
	var have []string
	for _, name := range files {
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range f.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok && fn.Recv == nil {
				have = append(have, fn.Name.Name)
			}
		}
	}
	var numbers []int
	for _, s := range scenarios {
		numbers = append(numbers, s.number)
		for _, name := range strings.Fields(s.tests) {
			if !slices.Contains(have, name) {
				t.Errorf("scenario %d, %s: there is no %s", s.number, s.name, name)
			}
		}
	}
	for _, r := range [][2]int{{1, 5}, {7, 20}, {24, 28}, {30, 36}, {38, 38}, {41, 41}, {43, 43}} {
		for n := r[0]; n <= r[1]; n++ {
			if n != 29 && !slices.Contains(numbers, n) {
				t.Errorf("nobody plays scenario %d", n)
			}
		}
	}
}
