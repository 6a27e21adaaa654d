package main

import (
	"os"
	"testing"
)

// envPlay makes this test program the haproxy that its own tests run.
const envPlay = "TANDEM_TEST_PLAY_HAPROXY"

func TestMain(m *testing.M) {
	if os.Getenv(envPlay) != "" {
		main()
	}
	os.Exit(m.Run())
}
