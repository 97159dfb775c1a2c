package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os/user"
	"time"

	"github.com/openpartner/openpartner/app/db"
	"github.com/openpartner/openpartner/app/hold"
)

// holdMoney is the command `hold`: it keeps money from moving in the whole deployment, or says
// whether it is kept. Replicas mind it from their next look for work on.
func holdMoney(ctx context.Context, p program, args []string) error {
	word := ""
	if len(args) > 0 {
		word, args = args[0], args[1:]
	}
	flags := flag.NewFlagSet("hold", flag.ContinueOnError)
	reason := flags.String("reason", "", "why, for whoever finds it so")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if (word != "on" && word != "off" && word != "status") || flags.NArg() > 0 {
		return errors.New("say `hold on`, `hold off` or `hold status`, with --reason if you like")
	}
	return connected(ctx, p, func(ctx context.Context, a *application) error {
		if word != "status" {
			err := a.database.system.InTx(ctx, db.TxOptions{}, func(ctx context.Context) error {
				return hold.Set(ctx, word == "on", *reason, whoRuns())
			})
			if err != nil {
				return err
			}
			p.log.Info("the hold on money was set", "on", word == "on", "reason", *reason)
		}
		state, err := a.database.hold(ctx)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintln(p.stdout, describeHold(state))
		return err
	})
}

func describeHold(s hold.State) string {
	if !s.On {
		return "Money may move."
	}
	return fmt.Sprintf("Money is held back since %s, by %s: %s", s.At.UTC().Format(time.RFC3339), s.By, because(s.Reason))
}

func because(reason string) string {
	if reason == "" {
		return "no reason was given."
	}
	return reason
}

// whoRuns names the account of this machine that a command runs as.
func whoRuns() string {
	u, err := user.Current()
	if err != nil {
		return "a command"
	}
	return "the command of " + u.Username
}
