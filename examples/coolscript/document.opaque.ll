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

%cs_string_t = type { ptr, i64 }

declare ptr @cs_alloc(i64)
declare void @cs_free(ptr)
declare void @cs_spawn(ptr, ptr)
declare ptr @cs_chan_create(i64, i64)
declare void @cs_chan_send(ptr, ptr)
declare i32 @cs_chan_receive(ptr, ptr)
declare void @cs_chan_release(ptr)
declare void @cs_print_str(%cs_string_t)

@results = internal global ptr null

define internal void @worker_func(ptr %data) {
entry:
  %item = alloca ptr
  br label %each

each:
  %index = phi i64 [ 0, %entry ], [ %next, %each ]
  %slot = getelementptr i64, ptr %data, i64 %index
  %value = load i64, ptr %slot
  %square = mul i64 %value, %value
  store i64 %square, ptr %slot
  %next = add i64 %index, 1
  %more = icmp ult i64 %next, 3
  br i1 %more, label %each, label %send

send:
  store ptr %data, ptr %item
  %chan = load ptr, ptr @results
  call void @cs_chan_send(ptr %chan, ptr %item)
  ; No @cs_free: the list has moved.
  ret void
}

define i32 @main() {
entry:
  %out = alloca ptr
  %chan = call ptr @cs_chan_create(i64 1, i64 8)
  store ptr %chan, ptr @results

  ; let data = [1, 2, 3]
  %list_ptr = call ptr @cs_alloc(i64 24)
  store i64 1, ptr %list_ptr
  %second = getelementptr i64, ptr %list_ptr, i64 1
  store i64 2, ptr %second
  %third = getelementptr i64, ptr %list_ptr, i64 2
  store i64 3, ptr %third

  ; spawn worker(move data)
  call void @cs_spawn(ptr @worker_func, ptr %list_ptr)

  ; if let squares = results.receive()
  %received = call i32 @cs_chan_receive(ptr %chan, ptr %out)
  %some = icmp ne i32 %received, 0
  br i1 %some, label %print, label %none

print:
  %squares = load ptr, ptr %out
  call void @print_list(ptr %squares)
  call void @cs_free(ptr %squares)
  call void @cs_chan_release(ptr %chan)
  ret i32 0

none:
  ret i32 1
}

define internal void @print_list(ptr %data) {
entry:
  %line = alloca [80 x i8]
  store i8 91, ptr %line
  %after_bracket = getelementptr i8, ptr %line, i64 1
  br label %each

each:
  %index = phi i64 [ 0, %entry ], [ %next, %comma ]
  %at = phi ptr [ %after_bracket, %entry ], [ %after_comma, %comma ]
  %slot = getelementptr i64, ptr %data, i64 %index
  %value = load i64, ptr %slot
  %after_number = call ptr @append_number(ptr %at, i64 %value)
  %next = add i64 %index, 1
  %more = icmp ult i64 %next, 3
  br i1 %more, label %comma, label %end

comma:
  store i8 44, ptr %after_number
  %blank = getelementptr i8, ptr %after_number, i64 1
  store i8 32, ptr %blank
  %after_comma = getelementptr i8, ptr %after_number, i64 2
  br label %each

end:
  store i8 93, ptr %after_number
  %newline = getelementptr i8, ptr %after_number, i64 1
  store i8 10, ptr %newline
  %stop = getelementptr i8, ptr %after_number, i64 2
  %from = ptrtoint ptr %line to i64
  %to = ptrtoint ptr %stop to i64
  %len = sub i64 %to, %from
  %half = insertvalue %cs_string_t undef, ptr %line, 0
  %text = insertvalue %cs_string_t %half, i64 %len, 1
  call void @cs_print_str(%cs_string_t %text)
  ret void
}

; Writes the decimal digits of %number at %at; returns the place after them.
define internal ptr @append_number(ptr %at, i64 %number) {
entry:
  %short = icmp ult i64 %number, 10
  br i1 %short, label %last, label %before

before:
  %rest = udiv i64 %number, 10
  %after_rest = call ptr @append_number(ptr %at, i64 %rest)
  br label %last

last:
  %place = phi ptr [ %at, %entry ], [ %after_rest, %before ]
  %digit = urem i64 %number, 10
  %character = trunc i64 %digit to i8
  %ascii = add i8 %character, 48
  store i8 %ascii, ptr %place
  %after = getelementptr i8, ptr %place, i64 1
  ret ptr %after
}
