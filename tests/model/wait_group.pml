/*
 * A wait group: sched/wait_group.c over sched/parking_lot.h.
 *
 * Three tasks are done, two wait, and a third waits that comes as late as it likes. The steps are the
 * atomic operations of the C, with its numbers; what happens under the bucket's lock without touching
 * the group is one step. The group is released by whoever returns from its wait and knows that all others
 * are past their last look at it, because they are parked or have returned.
 *
 * What must hold
 *   nobody touches the group after it was released, and it is released;
 *   who returns from a wait does so after all are done;
 *   nobody is made ready while still on its stack, or twice;
 *   in the end nobody waits (an invalid end state), and the group is as it was at first.
 *
 * run: ALL
 * mutant: ALL NO_LOOK -- who waits does not look again under the lock
 * mutant: ALL OVERTAKE -- a count of 0 is taken for the group at zero
 * mutant: ALL CLEAR_AFTER_WAKE -- the bit is cleared when those who wait have been readied
 * mutant: ALL CLEAR_AFTER_UNLOCK -- the bit is cleared after the lock was released
 * mutant: ALL WAKE_ONE -- one of those who wait is readied
 * mutant: ALL SUBTRACT_THEN_LOOK -- the last one looks at the bit after it has subtracted
 * mutant: ALL UNLOCK_BEFORE_SWITCH -- the lock is released before the stack is left
 */
#define DONERS  3
#define WAITERS 3

byte count = DONERS;
bool waited, freed, locked;
chan parked = [WAITERS] of { byte };
bool ready[WAITERS];
bool on_stack[WAITERS] = true;
bool past[WAITERS]; /* looks at the group no more */

/* Every access to the group. */
#define TOUCH assert(!freed)

#define AT_ZERO (count == 0 && !waited)

inline lock()
{
    atomic { !locked -> locked = true }
}

inline make_ready(who)
{
    assert(!on_stack[who] && !ready[who]);
    ready[who] = true
}

proctype doner()
{
    bool last;
    byte who, taken[WAITERS], number, wanted;
#ifdef SUBTRACT_THEN_LOOK
    atomic { TOUCH; count--; last = count == 0 }
    if
    :: last -> atomic { TOUCH; last = waited }
    :: else
    fi;
#else
    atomic { TOUCH; count--; last = count == 0 && waited }
#endif
    if
    :: last ->
        lock();
#if !defined(CLEAR_AFTER_WAKE) && !defined(CLEAR_AFTER_UNLOCK)
        atomic { TOUCH; assert(waited); waited = false } /* 1 */
#endif
        atomic { /* 2 */
#ifdef WAKE_ONE
            wanted = 1;
#else
            wanted = len(parked);
#endif
            do
            :: number < wanted -> parked ? who; taken[number] = who; number++
            :: else -> break
            od;
            locked = false
        }
#ifdef CLEAR_AFTER_UNLOCK
        atomic { TOUCH; waited = false }
#endif
        do /* 3 */
        :: number > 0 -> atomic { number--; make_ready(taken[number]) }
        :: else -> break
        od;
#ifdef CLEAR_AFTER_WAKE
        atomic { TOUCH; waited = false }
#endif
    :: else
    fi
}

proctype waiter(byte me)
{
    bool zero;
    byte i;
    atomic {
        TOUCH;
#ifdef OVERTAKE
        zero = count == 0
#else
        zero = AT_ZERO
#endif
    }
    if
    :: !zero ->
        lock();
        atomic {
            TOUCH;
#ifndef NO_LOOK
            zero = AT_ZERO;
#endif
            if
            :: !zero -> waited = true
            :: else
            fi
        }
        if
        :: zero -> locked = false
        :: else ->
            atomic { parked ! me; past[me] = true }
#ifdef UNLOCK_BEFORE_SWITCH
            locked = false;
            on_stack[me] = false;
#else
            on_stack[me] = false;
            locked = false;
#endif
            ready[me]
        fi
    :: else
    fi;
    atomic {
        assert(count == 0);
        past[me] = true;
        if
        :: past[0] && past[1] && past[2] -> freed = true
        :: else
        fi
    }
}

init {
    atomic {
        run doner();
        run doner();
        run doner();
        run waiter(0);
        run waiter(1);
        run waiter(2)
    }
    _nr_pr == 1 -> assert(AT_ZERO && freed && empty(parked))
}
