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
	"github.com/openpartner/openpartner/app/money"
	"github.com/openpartner/openpartner/app/payouts"
	"github.com/openpartner/openpartner/app/settings"
	"github.com/openpartner/openpartner/app/tenancy"
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
	unreconciled := flags.Bool("unreconciled", false, "with off: after a restore too, whatever Stripe paid since the backup")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if (word != "on" && word != "off" && word != "status") || flags.NArg() > 0 {
		return errors.New("say `hold on`, `hold off` or `hold status`, with --reason if you like")
	}
	if *unreconciled && *reason == "" {
		return errors.New("--unreconciled may pay again what was paid: say with --reason why it is right")
	}
	return connected(ctx, p, func(ctx context.Context, a *application) error {
		if word == "off" && !*unreconciled {
			if err := reconcile(ctx, p, a); err != nil {
				return err
			}
		}
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

// reconcile compares what programs paid by Stripe with their ledgers, when these come from a backup. It
// says what was found, and fails while something would be paid a second time or Stripe gives no answer.
func reconcile(ctx context.Context, p program, a *application) error {
	state, err := a.database.hold(ctx)
	if err != nil || state.BooksOf == nil {
		return err
	}
	tenants, err := a.database.tenants(ctx)
	if err != nil {
		return err
	}
	unknown := 0
	for _, t := range tenants {
		n, err := reconcileTenant(tenancy.With(ctx, t), p, a)
		if err != nil {
			return fmt.Errorf("money stays held back, since %s can't be compared with Stripe: %w", t.Slug, err)
		}
		unknown += n
	}
	if unknown > 0 {
		return fmt.Errorf("money stays held back: the ledger does not know of %s, and would pay that again; record them in the admin, under Reconciliation, and try again", count(unknown, "transfer"))
	}
	return nil
}

// reconcileTenant does it for the program in ctx, unless that pays by hand and has no account at Stripe, and
// counts the transfers to its partners that the ledger does not know.
func reconcileTenant(ctx context.Context, p program, a *application) (n int, err error) {
	unit := a.edge.Run
	var offered bool
	var terms settings.Payouts
	err = unit(ctx, true, func(ctx context.Context) (err error) {
		if offered, err = a.services.payouts.Offered(ctx); err != nil {
			return err
		}
		terms, err = a.services.settings.PayoutTerms(ctx)
		return err
	})
	if err != nil || !offered && terms.Rail == string(payouts.RailManual) {
		return 0, err
	}
	found, err := a.services.payouts.Reconcile(ctx, unit)
	if err != nil {
		return 0, err
	}
	slug, unrecorded := tenancy.From(ctx).Slug, found.Unrecorded()
	_, err = fmt.Fprintf(p.stdout, "%s: %s and %s were compared.\n", slug, count(found.Payouts, "payout"), count(found.Transfers, "transfer"))
	for _, d := range unrecorded {
		_, e := fmt.Fprintf(p.stdout, "%s: transfer %s of %s, %s, is not in the ledger.\n",
			slug, d.Transfer.ID, d.Transfer.Created.UTC().Format(time.RFC3339), money.Amount{Minor: d.Transfer.Amount, Currency: d.Transfer.Currency})
		err = errors.Join(err, e)
	}
	return len(unrecorded), err
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
