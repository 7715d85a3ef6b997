; The example of Coolscript's own document, as its compiler lowers it: a list is moved into a task.
;
;     let results = channel()
;     let data = [1, 2, 3]
;     spawn worker(move data)
;     if let squares = results.receive():
;         print(squares)
;
; The worker squares the list in place and moves it back through the channel. Only the pointer
; travels: the element is eight bytes.

%cs_channel_t = type opaque
%cs_string_t = type { i8*, i64 }

declare i8* @cs_alloc(i64)
declare void @cs_free(i8*)
declare void @cs_spawn(void (i8*)*, i8*)
declare %cs_channel_t* @cs_chan_create(i64, i64)
declare void @cs_chan_send(%cs_channel_t*, i8*)
declare i32 @cs_chan_receive(%cs_channel_t*, i8*)
declare void @cs_chan_release(%cs_channel_t*)
declare void @cs_print_str(%cs_string_t)

@results = internal global %cs_channel_t* null

define internal void @worker_func(i8* %data) {
entry:
  %item = alloca i8*
  %list = bitcast i8* %data to i64*
  br label %each

each:
  %index = phi i64 [ 0, %entry ], [ %next, %each ]
  %slot = getelementptr i64, i64* %list, i64 %index
  %value = load i64, i64* %slot
  %square = mul i64 %value, %value
  store i64 %square, i64* %slot
  %next = add i64 %index, 1
  %more = icmp ult i64 %next, 3
  br i1 %more, label %each, label %send

send:
  store i8* %data, i8** %item
  %element = bitcast i8** %item to i8*
  %chan = load %cs_channel_t*, %cs_channel_t** @results
  call void @cs_chan_send(%cs_channel_t* %chan, i8* %element)
  ; No @cs_free: the list has moved.
  ret void
}

define i32 @main() {
entry:
  %out = alloca i8*
  %chan = call %cs_channel_t* @cs_chan_create(i64 1, i64 8)
  store %cs_channel_t* %chan, %cs_channel_t** @results

  ; let data = [1, 2, 3]
  %list_ptr = call i8* @cs_alloc(i64 24)
  %first = bitcast i8* %list_ptr to i64*
  store i64 1, i64* %first
  %second = getelementptr i64, i64* %first, i64 1
  store i64 2, i64* %second
  %third = getelementptr i64, i64* %first, i64 2
  store i64 3, i64* %third

  ; spawn worker(move data)
  call void @cs_spawn(void (i8*)* @worker_func, i8* %list_ptr)

  ; if let squares = results.receive()
  %element = bitcast i8** %out to i8*
  %received = call i32 @cs_chan_receive(%cs_channel_t* %chan, i8* %element)
  %some = icmp ne i32 %received, 0
  br i1 %some, label %print, label %none

print:
  %squares = load i8*, i8** %out
  call void @print_list(i8* %squares)
  call void @cs_free(i8* %squares)
  call void @cs_chan_release(%cs_channel_t* %chan)
  ret i32 0

none:
  ret i32 1
}

define internal void @print_list(i8* %data) {
entry:
  %line = alloca [80 x i8]
  %start = getelementptr [80 x i8], [80 x i8]* %line, i64 0, i64 0
  %list = bitcast i8* %data to i64*
  store i8 91, i8* %start
  %after_bracket = getelementptr i8, i8* %start, i64 1
  br label %each

each:
  %index = phi i64 [ 0, %entry ], [ %next, %comma ]
  %at = phi i8* [ %after_bracket, %entry ], [ %after_comma, %comma ]
  %slot = getelementptr i64, i64* %list, i64 %index
  %value = load i64, i64* %slot
  %after_number = call i8* @append_number(i8* %at, i64 %value)
  %next = add i64 %index, 1
  %more = icmp ult i64 %next, 3
  br i1 %more, label %comma, label %end

comma:
  store i8 44, i8* %after_number
  %blank = getelementptr i8, i8* %after_number, i64 1
  store i8 32, i8* %blank
  %after_comma = getelementptr i8, i8* %after_number, i64 2
  br label %each

end:
  store i8 93, i8* %after_number
  %newline = getelementptr i8, i8* %after_number, i64 1
  store i8 10, i8* %newline
  %stop = getelementptr i8, i8* %after_number, i64 2
  %from = ptrtoint i8* %start to i64
  %to = ptrtoint i8* %stop to i64
  %len = sub i64 %to, %from
  %half = insertvalue %cs_string_t undef, i8* %start, 0
  %text = insertvalue %cs_string_t %half, i64 %len, 1
  call void @cs_print_str(%cs_string_t %text)
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
