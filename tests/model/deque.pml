/*
 * sched/deque.c: the owner's push and take against thieves, down to the last task, through a growing
 * array.
 *
 * The owner's stores pass through a store buffer (`buffer`), first in, first out, that reaches memory
 * whenever it likes; the fence and the compare-and-swap in deque_take wait until it is empty. Thieves
 * store nothing but by compare-and-swap. `bottom` counts from 1, because the owner goes one below top.
 *
 * What must hold: each task that was pushed is taken or stolen at most once, and in the end it was
 * either that, or it stands in the deque still.
 *
 * run: PUSHES=3 TAKES=3
 * run: PUSHES=4 TAKES=2
 * run: PUSHES=3 TAKES=2 CAPACITY=1
 * mutant: PUSHES=2 TAKES=2 NO_TAKE_FENCE -- the owner reads top before its bottom can be seen
 * mutant: PUSHES=2 TAKES=2 NO_TAKE_SWAP -- the owner takes the last task without asking
 * mutant: PUSHES=2 TAKES=2 STEAL_BY_STORE -- a thief moves top without comparing
 * mutant: PUSHES=3 TAKES=2 BOTTOM_READ_FIRST -- a thief reads bottom before top, as without its fence
 * mutant: PUSHES=2 TAKES=0 BOTTOM_BEFORE_SLOT -- push publishes bottom before the slot
 * mutant: PUSHES=3 TAKES=0 CAPACITY=1 ARRAY_AFTER_BOTTOM -- push publishes bottom before the array
 * mutant: PUSHES=3 TAKES=0 GROW_TOO_LATE -- push asks for > instead of >=
 */
#ifndef CAPACITY
#define CAPACITY 2
#endif

#define THIEVES 2
#define STEALS  2 /* each */
#define ARRAYS  3
#define NOTHING 255

/* Arrays of CAPACITY, twice and four times that, one behind the other. */
#define SLOTS           (7 * CAPACITY)
#define SIZE(a)         (CAPACITY << (a))
#define PLACE(a, index) (CAPACITY * ((1 << (a)) - 1) + (index) % SIZE(a))

/* Where a buffered store goes: a slot, or one of these. */
#define BOTTOM (SLOTS)
#define ARRAY  (SLOTS + 1)

/* Memory. */
byte top = 1;
byte bottom = 1;
byte array;
byte slots[SLOTS];
chan buffer = [8] of { byte, byte };

byte taken[PUSHES + 1]; /* by the number of a task: 1 ... PUSHES */
byte pushed;

inline note_taken(number)
{
    d_step { assert(number >= 1 && number <= PUSHES && taken[number] == 0); taken[number]++ }
}

proctype memory()
{
    byte where, value;
end:
    do
    :: atomic {
           buffer?where, value;
           if
           :: where == BOTTOM -> bottom = value
           :: where == ARRAY -> array = value
           :: else -> slots[where] = value
           fi
       }
    od
}

#define FENCE (len(buffer) == 0)

proctype owner()
{
    byte my_bottom = 1, my_array, my_slots[SLOTS]; /* what the owner itself reads */
    byte seen_top, i, takes, task;
    do
    :: pushed < PUSHES ->
deque_push:
       seen_top = top;
       atomic { /* but where the buffer is full, it waits until a store has gone */
           pushed++;
           i = seen_top;
#ifdef GROW_TOO_LATE
           if
           :: my_bottom - seen_top > SIZE(my_array) ->
#else
           if
           :: my_bottom - seen_top >= SIZE(my_array) ->
#endif
              do
              :: i < my_bottom ->
                 my_slots[PLACE(my_array + 1, i)] = my_slots[PLACE(my_array, i)];
                 buffer!PLACE(my_array + 1, i), my_slots[PLACE(my_array, i)];
                 i++
              :: else -> break
              od;
              my_array++;
#ifndef ARRAY_AFTER_BOTTOM
              buffer!ARRAY, my_array
#endif
           :: else
           fi;
           my_slots[PLACE(my_array, my_bottom)] = pushed;
#ifdef BOTTOM_BEFORE_SLOT
           buffer!BOTTOM, my_bottom + 1;
           buffer!PLACE(my_array, my_bottom), pushed;
#else
           buffer!PLACE(my_array, my_bottom), pushed;
           buffer!BOTTOM, my_bottom + 1;
#endif
#ifdef ARRAY_AFTER_BOTTOM
           buffer!ARRAY, my_array;
#endif
           my_bottom++
       }
    :: takes < TAKES ->
deque_take:
       takes++;
       if
       :: top > my_bottom - 1 -> goto nothing
       :: else
       fi;
       atomic { my_bottom--; buffer!BOTTOM, my_bottom }
#ifndef NO_TAKE_FENCE
       FENCE;
#endif
       seen_top = top;
       if
       :: seen_top <= my_bottom ->
          task = my_slots[PLACE(my_array, my_bottom)];
          if
          :: seen_top < my_bottom -> note_taken(task); goto nothing
          :: else
          fi;
#ifdef NO_TAKE_SWAP
          top = seen_top + 1;
#else
          atomic {
              FENCE;
              if
              :: top == seen_top -> top++
              :: else -> task = NOTHING
              fi
          }
#endif
          if
          :: task != NOTHING -> note_taken(task)
          :: else
          fi
       :: else
       fi;
       atomic { my_bottom++; buffer!BOTTOM, my_bottom }
nothing:
       task = 0
    :: pushed == PUSHES && takes == TAKES -> break
    od
}

proctype thief()
{
    byte steals, seen_top, seen_bottom, seen_array, task;
    do
    :: steals < STEALS ->
deque_steal:
       steals++;
#ifdef BOTTOM_READ_FIRST
       seen_bottom = bottom;
       seen_top = top;
#else
       seen_top = top;
       seen_bottom = bottom;
#endif
       if
       :: seen_top < seen_bottom ->
          seen_array = array;
          task = slots[PLACE(seen_array, seen_top)];
          atomic {
              if
#ifdef STEAL_BY_STORE
              :: true -> top = seen_top + 1
#else
              :: top == seen_top -> top++
              :: else -> task = NOTHING
#endif
              fi
          }
          if
          :: task != NOTHING -> note_taken(task)
          :: else
          fi
       :: else
       fi
    :: steals == STEALS -> break
    od
}

init
{
    byte i;
    pid before_them;
    run memory();
    before_them = _nr_pr;
    atomic {
        run owner();
        run thief();
        run thief()
    }
    _nr_pr == before_them && len(buffer) == 0;
    d_step {
        i = top;
        do
        :: i < bottom -> taken[slots[PLACE(array, i)]]++; i++
        :: else -> break
        od;
        for (i : 1 .. PUSHES) {
            assert(taken[i] == 1)
        }
    }
}
