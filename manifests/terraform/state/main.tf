# The S3 bucket for the state of Terraform: apply this folder once, before the example. Its own state stays on your machine; if
# it is lost, import the bucket. The state of the example contains no passwords, but names everything that there is.

provider "aws" {
  region = var.region
}

resource "aws_s3_bucket" "state" {
  # checkov:skip=CKV2_AWS_61:a version is some 100 kB and costs nothing worth a rule that deletes the way back
  # checkov:skip=CKV2_AWS_62:nothing reacts to a new state
  # checkov:skip=CKV_AWS_18:CloudTrail records who reads and writes, if the account has a trail for data events
  # checkov:skip=CKV_AWS_144:the state describes one region, and is of no use while that is down
  # checkov:skip=CKV_AWS_145:a key of one's own would have to exist before the first apply; S3's key encrypts
  bucket = var.bucket
  tags   = merge(var.tags, { managed-by = "terraform" })

  lifecycle {
    prevent_destroy = true
  }
}

# Each apply leaves a version, so that a damaged state can be replaced by the last one.
resource "aws_s3_bucket_versioning" "state" {
  bucket = aws_s3_bucket.state.id

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "state" {
  bucket = aws_s3_bucket.state.id

  rule {
    apply_server_side_encryption_by_default {
      sse_algorithm = "AES256"
    }
  }
}

resource "aws_s3_bucket_public_access_block" "state" {
  bucket                  = aws_s3_bucket.state.id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

data "aws_iam_policy_document" "state" {
  statement {
    sid       = "OnlyTLS"
    effect    = "Deny"
    actions   = ["s3:*"]
    resources = [aws_s3_bucket.state.arn, "${aws_s3_bucket.state.arn}/*"]

    principals {
      type        = "*"
      identifiers = ["*"]
    }

    condition {
      test     = "Bool"
      variable = "aws:SecureTransport"
      values   = ["false"]
    }
  }
}

resource "aws_s3_bucket_policy" "state" {
  bucket = aws_s3_bucket.state.id
  policy = data.aws_iam_policy_document.state.json

  depends_on = [aws_s3_bucket_public_access_block.state]
}
