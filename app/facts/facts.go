// Package facts lets one feature tell the others what it did, without knowing them.
//
// A fact is a plain struct of the package that tells it, such as partners.Changed. Who listens
// is registered in wire.go. Invariant: listeners run at once and in the teller's transaction, so
// a fact and what follows from it are stored together or not at all.
package facts

import (
	"context"
	"fmt"
	"reflect"
)

// Bus knows who listens to what. The zero value, and nil, have no listeners.
type Bus struct {
	listeners map[reflect.Type][]func(ctx context.Context, fact any) error
}

// Listen has fn called with every fact of type T. It is not for use while facts are told.
func Listen[T any](b *Bus, fn func(ctx context.Context, fact T) error) {
	if b.listeners == nil {
		b.listeners = map[reflect.Type][]func(context.Context, any) error{}
	}
	of := reflect.TypeFor[T]()
	b.listeners[of] = append(b.listeners[of], func(ctx context.Context, fact any) error { return fn(ctx, fact.(T)) }) //nolint:forcetypeassert // listed by type
}

// Tell calls the listeners in the order in which they were registered; the first error ends it.
func (b *Bus) Tell(ctx context.Context, fact any) error {
	if b == nil {
		return nil
	}
	for _, listen := range b.listeners[reflect.TypeOf(fact)] {
		if err := listen(ctx, fact); err != nil {
			return fmt.Errorf("follow up on %T: %w", fact, err)
		}
	}
	return nil
}
