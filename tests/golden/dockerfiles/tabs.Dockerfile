	FROM	debian:one	AS	build
  	# comment
COPY	--from=debian:two	/a	/b
	RUN	--mount=from=debian:three,target=/a	true
from	build	
