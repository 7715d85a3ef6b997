; One task for each number from 1 to 100,000: it counts the steps of the number's Collatz sequence
; and sends the count.
;
;     for number in 1..100_000:
;         spawn count(results, number)
;     for each in 1..100_000:
;         total += results.receive()
;
; The channel has room for every answer, so that no task waits: each runs to its end on a stack that
; the next one takes over. Afterwards main counts all the steps once more, by itself, and compares.

%cs_channel_t = type opaque
%work = type { %cs_channel_t*, i64 }

declare i8* @cs_alloc(i64)
declare void @cs_free(i8*)
declare void @cs_spawn(void (i8*)*, i8*)
declare %cs_channel_t* @cs_chan_create(i64, i64)
declare void @cs_chan_send(%cs_channel_t*, i8*)
declare i32 @cs_chan_receive(%cs_channel_t*, i8*)
declare void @cs_chan_release(%cs_channel_t*)
declare void @cs_print_str(i8*, i64)
declare void @llvm.memcpy.p0i8.p0i8.i64(i8*, i8*, i64, i1)

@tasks_counted = private constant [15 x i8] c" tasks counted "
@right = private constant [30 x i8] c" steps, as one task alone does"
@wrong = private constant [30 x i8] c" steps, which is not the total"

define internal i64 @collatz_steps(i64 %start) {
entry:
  br label %check

check:
  %number = phi i64 [ %start, %entry ], [ %following, %step ]
  %steps = phi i64 [ 0, %entry ], [ %one_more, %step ]
  %done = icmp eq i64 %number, 1
  br i1 %done, label %end, label %step

step:
  %parity = and i64 %number, 1
  %odd = icmp ne i64 %parity, 0
  %half = lshr i64 %number, 1
  %triple = mul i64 %number, 3
  %triple_and_one = add i64 %triple, 1
  %following = select i1 %odd, i64 %triple_and_one, i64 %half
  %one_more = add i64 %steps, 1
  br label %check

end:
  ret i64 %steps
}

define internal void @count(i8* %data) {
  %item = alloca i64
  %element = bitcast i64* %item to i8*
  %work = bitcast i8* %data to %work*
  %results_field = getelementptr %work, %work* %work, i32 0, i32 0
  %results = load %cs_channel_t*, %cs_channel_t** %results_field
  %number_field = getelementptr %work, %work* %work, i32 0, i32 1
  %number = load i64, i64* %number_field
  %steps = call i64 @collatz_steps(i64 %number)
  store i64 %steps, i64* %item
  call void @cs_chan_send(%cs_channel_t* %results, i8* %element)
  call void @cs_free(i8* %data)
  ret void
}

define i32 @main() {
entry:
  %item = alloca i64
  %element = bitcast i64* %item to i8*
  %results = call %cs_channel_t* @cs_chan_create(i64 100000, i64 8)
  br label %spawn

spawn:
  %number = phi i64 [ 1, %entry ], [ %next_number, %spawn ]
  %block = call i8* @cs_alloc(i64 16)
  %work = bitcast i8* %block to %work*
  %results_field = getelementptr %work, %work* %work, i32 0, i32 0
  store %cs_channel_t* %results, %cs_channel_t** %results_field
  %number_field = getelementptr %work, %work* %work, i32 0, i32 1
  store i64 %number, i64* %number_field
  call void @cs_spawn(void (i8*)* @count, i8* %block)
  %next_number = add i64 %number, 1
  %more = icmp ule i64 %next_number, 100000
  br i1 %more, label %spawn, label %receive

receive:
  %index = phi i64 [ 0, %spawn ], [ %next_index, %add ]
  %total = phi i64 [ 0, %spawn ], [ %larger, %add ]
  %received = call i32 @cs_chan_receive(%cs_channel_t* %results, i8* %element)
  %some = icmp ne i32 %received, 0
  br i1 %some, label %add, label %none

add:
  %steps = load i64, i64* %item
  %larger = add i64 %total, %steps
  %next_index = add i64 %index, 1
  %another = icmp ult i64 %next_index, 100000
  br i1 %another, label %receive, label %release

none:
  ret i32 1

release:
  call void @cs_chan_release(%cs_channel_t* %results)
  br label %again

again:
  %alone = phi i64 [ 1, %release ], [ %next_alone, %again ]
  %wanted_before = phi i64 [ 0, %release ], [ %wanted, %again ]
  %steps_alone = call i64 @collatz_steps(i64 %alone)
  %wanted = add i64 %wanted_before, %steps_alone
  %next_alone = add i64 %alone, 1
  %one_more = icmp ule i64 %next_alone, 100000
  br i1 %one_more, label %again, label %compare

compare:
  %equal = icmp eq i64 %larger, %wanted
  %verdict = select i1 %equal, [30 x i8]* @right, [30 x i8]* @wrong
  call void @print_result(i64 %larger, [30 x i8]* %verdict)
  %different = xor i1 %equal, true
  %status = zext i1 %different to i32
  ret i32 %status
}

define internal void @print_result(i64 %total, [30 x i8]* %verdict) {
  %line = alloca [96 x i8]
  %start = getelementptr [96 x i8], [96 x i8]* %line, i64 0, i64 0
  %after_count = call i8* @append_number(i8* %start, i64 100000)
  %words = getelementptr [15 x i8], [15 x i8]* @tasks_counted, i64 0, i64 0
  %after_words = call i8* @append_text(i8* %after_count, i8* %words, i64 15)
  %after_total = call i8* @append_number(i8* %after_words, i64 %total)
  %verdict_text = getelementptr [30 x i8], [30 x i8]* %verdict, i64 0, i64 0
  %newline = call i8* @append_text(i8* %after_total, i8* %verdict_text, i64 30)
  store i8 10, i8* %newline
  %stop = getelementptr i8, i8* %newline, i64 1
  call void @print(i8* %start, i8* %stop)
  ret void
}

; Copies %len bytes to %at; returns the place after them.
define internal i8* @append_text(i8* %at, i8* %text, i64 %len) {
  call void @llvm.memcpy.p0i8.p0i8.i64(i8* %at, i8* %text, i64 %len, i1 false)
  %after = getelementptr i8, i8* %at, i64 %len
  ret i8* %after
}

; Prints what lies between two places.
define internal void @print(i8* %start, i8* %stop) {
  %from = ptrtoint i8* %start to i64
  %to = ptrtoint i8* %stop to i64
  %len = sub i64 %to, %from
  call void @cs_print_str(i8* %start, i64 %len)
  ret void
}

; Writes the decimal digits of %number at %at; returns the place after them.
define internal i8* @append_number(i8* %at, i64 %number) {
entry:
  %short = icmp ult i64 %number, 10
  br i1 %short, label %last, label %before

before:
  %rest = udiv i64 %number, 10
  %after_rest = call i8* @append_number(i8* %at, i64 %rest)
  br label %last

last:
  %place = phi i8* [ %at, %entry ], [ %after_rest, %before ]
  %digit = urem i64 %number, 10
  %character = trunc i64 %digit to i8
  %ascii = add i8 %character, 48
  store i8 %ascii, i8* %place
  %after = getelementptr i8, i8* %place, i64 1
  ret i8* %after
}
