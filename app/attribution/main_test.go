package attribution_test

import (
	"flag"
	"os"
	"testing"
)

// TestMain has properties draw fewer worlds than the library would: each one is a program in a
// real database. More are asked for by -rapid.checks.
func TestMain(m *testing.M) {
	if err := flag.Set("rapid.checks", "25"); err != nil {
		panic(err)
	}
	flag.Parse()
	os.Exit(m.Run())
}
